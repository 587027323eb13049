"""
The engine under everything that networks, servers, clocks and processes do: Hypothesis decides what happens next.
In the end everything written is in the log once, in order, and the store is a copy of the log.
"""

import os
import random
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.clients.python.world import Cloud, Connection, Device

MOST_STEPS = 60
EXAMPLES = int(os.environ.get("NATTER_EXAMPLES", "25"))
LONG_MS = 3_600_000


class Simulation(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.random = random.Random(seed)
        self.cloud = Cloud()
        self.device = Device(self.cloud, Path(self.folder.name) / "ann.db", self.random.random)
        self.device.settle()

    def teardown(self) -> None:
        if not hasattr(self, "device"):
            return
        try:
            self.device.settle()
            self.device.check()
        finally:
            self.device.store.close()
            self.folder.cleanup()

    def connection(self, pick: int, way: str) -> Connection:
        busy = [each for each in self.device.connections.values() if getattr(each, way)]
        return busy[pick % len(busy)]

    def has(self, way: str) -> bool:
        return any(getattr(each, way) for each in self.device.connections.values())

    @rule(chat=st.integers(0, 1), count=st.integers(1, 25))
    def write(self, chat: int, count: int) -> None:
        for number in range(count):
            self.device.write(self.cloud.chats[chat], f"{len(self.device.written)}.{number}")

    @rule(chat=st.integers(0, 1), count=st.integers(1, 70))
    def other_writes(self, chat: int, count: int) -> None:
        for number in range(count):
            self.cloud.say(self.cloud.chats[chat], f"b{number}")

    @rule(chat=st.integers(0, 1), pick=st.integers(0, 100), what=st.sampled_from(["edit", "delete", "reaction"]))
    def other_changes(self, chat: int, pick: int, what: str) -> None:
        conversation = self.cloud.world.conversations[self.cloud.chats[chat]]
        own = [
            event for event in conversation.log if event["type"] == "message" and event["sender_id"] == self.cloud.ben
        ]
        live = [event["seq"] for event in own if conversation.states[event["seq"]].deleted_at is None]
        if not live:
            return
        fields = {"client_id": self.cloud.world.fresh("b"), "target_seq": live[pick % len(live)]}
        more: dict[str, dict[str, Any]] = {
            "edit": {"content": {"type": "text", "text": "edited"}},
            "reaction": {"reaction": "👍"},
            "delete": {},
        }
        event, _ = conversation.decide(what, self.cloud.ben, self.cloud.at_ms, {**fields, **more[what]})
        self.cloud.world.publish(conversation, event)

    @rule(steps=st.integers(1, 12), lossy=st.booleans())
    def flow(self, steps: int, *, lossy: bool) -> None:
        """What happens on a good day, or one on which live events get lost, for a while."""
        for number in range(steps):
            if lossy and number % 2:
                self.lose()
            if not self.device.flow():
                self.device.pass_time(700)

    @precondition(lambda self: self.device.calls)
    @rule(pick=st.integers(0, 9))
    def answer(self, pick: int) -> None:
        self.device.answer(self.device.calls[pick % len(self.device.calls)])

    @precondition(lambda self: self.device.calls)
    @rule(pick=st.integers(0, 9), carried_out=st.booleans())
    def fail(self, pick: int, *, carried_out: bool) -> None:
        self.device.fail(self.device.calls[pick % len(self.device.calls)], carried_out=carried_out)

    @precondition(lambda self: self.device.openings)
    @rule()
    def open(self) -> None:
        self.device.open(self.device.openings[0])

    @precondition(lambda self: self.has("up"))
    @rule(pick=st.integers(0, 9), answered=st.booleans())
    def up(self, pick: int, *, answered: bool) -> None:
        self.device.up(self.connection(pick, "up"), answered=answered)

    @precondition(lambda self: self.has("down"))
    @rule(pick=st.integers(0, 9), position=st.integers(0, 5), keep=st.booleans())
    def down(self, pick: int, position: int, *, keep: bool) -> None:
        """In any order, and some of them twice."""
        connection = self.connection(pick, "down")
        self.device.down(connection, position % len(connection.down), keep=keep)

    def lose(self) -> None:
        """An `events` frame never comes; answers are lost with their socket, or by `up`."""
        for connection in self.device.connections.values():
            if connection.down and connection.down[0]["type"] == "events":
                del connection.down[0]

    @precondition(lambda self: self.device.connections)
    @rule(pick=st.integers(0, 9))
    def cut(self, pick: int) -> None:
        numbers = sorted(self.device.connections)
        self.device.cut(numbers[pick % len(numbers)])

    @rule(ms=st.sampled_from([1, 100, 1_500, 6_000, 16_000, 61_000, 400_000]))
    def pass_time(self, ms: int) -> None:
        self.device.pass_time(ms)

    @rule(ms=st.sampled_from([-LONG_MS, LONG_MS]))
    def crash(self, ms: int) -> None:
        """The next process begins with a clock that is an hour off."""
        self.device.die()
        self.device.now_ms = max(1, self.device.now_ms + ms)
        self.device.start()

    @rule(chat=st.integers(0, 1), text=st.text("xyz", min_size=1, max_size=3))
    def write_elsewhere(self, chat: int, text: str) -> None:
        """Another process on the same store hands over what it writes."""
        name, client_id = self.cloud.chats[chat], self.cloud.world.fresh("a")
        fields = {"content": {"type": "text", "text": text}}
        entry = {"client_id": client_id, "conversation_id": name, "action": "send", "fields": fields}
        self.device.written.append((name, client_id, text))
        self.device.store.save({**entry, "state": "queued"})
        self.device.do(self.device.engine.look(self.device.now_ms))

    @rule(chat=st.integers(0, 1))
    def older(self, chat: int) -> None:
        self.device.do(
            self.device.engine.command(self.device.now_ms, "timeline", {"type": "older"}, self.cloud.chats[chat])
        )


TestSimulation = Simulation.TestCase
TestSimulation.settings = settings(max_examples=EXAMPLES, stateful_step_count=MOST_STEPS, deadline=None)
