"""
A client's engine and the fake cloud without sockets and clock: every frame and every call waits until somebody
decides what becomes of it.
"""

import json
import urllib.parse
from pathlib import Path
from typing import Any

from natter_client.actions import Action, Call, Close, Notice, Open, Transmit
from natter_client.engine import Engine
from natter_client.errors import NatterError
from natter_client.store import Store
from natter_client.testing.actions import Actions, refusal_of
from natter_client.testing.routes import Routes
from natter_client.testing.server import PASSWORD
from natter_client.testing.world import Limits, World

START_MS = 1_000_000_000
ENDLESS = Limits(commands=(1e9, 1e9), signals=(1e9, 1e9), http=(1e9, 1e9))

type Frame = dict[str, Any]

MOST_WAKES = 1000
"""In one stretch of time: more of them, and something wants to be woken for ever."""


class Connection:
    """A socket of the cloud: `up` and `down` are the frames that are on their way."""

    def __init__(self, number: int, user_id: str, session_id: str) -> None:
        self.number, self.user_id, self.session_id = number, user_id, session_id
        self.state = "online"
        self.watching: frozenset[str] = frozenset()
        self.up: list[Frame] = []
        self.down: list[Frame] = []

    def post(self, frame: Frame) -> None:
        self.down.append(json.loads(json.dumps(frame)))

    def close(self, code: int = 1000) -> None:
        raise AssertionError(f"closed by the cloud with {code}")


class Cloud:
    """The fake cloud with two people in it, whose clock is `at_ms`."""

    def __init__(self) -> None:
        self.at_ms = START_MS
        self.world = World(lambda: self.at_ms / 1000, ENDLESS)
        self.act = Actions(self.world)
        self.route = Routes(self.world, lambda ticket: f"ws://cloud/?ticket={ticket}")
        for name in ("ann", "ben"):
            self.world.sign_up(name, PASSWORD, name)
        self.ann, self.ben = self.world.names["ann"], self.world.names["ben"]
        self.session = self.world.sign_in("ann", PASSWORD, None)
        self.session.access_until = float("inf")
        self.chats = [
            self.world.begin(self.ben, [self.ann])[0].conversation_id,
            self.world.begin(self.ben, [self.ann], title="Lobby")[0].conversation_id,
        ]

    def say(self, chat: str, text: str) -> None:
        conversation = self.world.conversations[chat]
        fields = {"client_id": self.world.fresh("b"), "content": {"type": "text", "text": text}}
        self.world.publish(conversation, conversation.decide("message", self.ben, self.world.now_ms(), fields)[0])

    def answer(self, call: Call) -> Any:
        """
        Raises:
            NatterError
        """
        path, _, query = call.path.partition("?")
        body = json.loads(json.dumps(call.body))
        fields = dict(urllib.parse.parse_qsl(query))
        return json.loads(json.dumps(self.route(call.method, path, fields, body, self.session.access_token).body))


class Device:
    """One process of Ann's: dies when it is asked to, and another goes on from the store."""

    def __init__(self, cloud: Cloud, path: Path, random: Any) -> None:
        self.cloud, self.path, self.random = cloud, path, random
        self.now_ms = START_MS
        self.written: list[tuple[str, str, str]] = []
        """Chat, client_id, text, in the order of writing."""
        self.told: dict[str, str] = {}
        """What the user was told of a client_id last."""
        self.start()

    def start(self) -> None:
        self.store = Store(self.path)
        self.store._sql.execute("PRAGMA synchronous = OFF")  # processes die here, not machines
        self.calls: list[Call] = []
        self.openings: list[Open] = []
        self.connections: dict[int, Connection] = {}
        self.engine = Engine(self.store, self.cloud.ann, self.random, self.now_ms)
        self.do(self.engine.command(self.now_ms, "session", {"type": "connect"}))

    def die(self) -> None:
        """Between two steps; frames that were sent arrive all the same."""
        self.store.close()
        for connection in self.connections.values():
            self.cloud.world.disconnect(connection)

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Call():
                    self.calls.append(action)
                case Open():
                    self.openings.append(action)
                case Close(number):
                    self.cut(number)
                case Transmit(number, frame):
                    if number in self.connections:
                        self.connections[number].up.append(json.loads(json.dumps(frame)))
                case Notice("outbox", fields):
                    self.told[fields["client_id"]] = fields["state"]
                case Notice("forgotten", fields):
                    self.told[fields["client_id"]] = "placed"

    def write(self, chat: str, text: str) -> None:
        client_id = self.cloud.world.fresh("a")
        fields = {"content": {"type": "text", "text": text}}
        entry = {"client_id": client_id, "conversation_id": chat, "action": "send", "fields": fields}
        self.written.append((chat, client_id, text))
        self.do(self.engine.write(self.now_ms, {**entry, "state": "queued"}))

    def pass_time(self, ms: int) -> None:
        """Wakes come in their turn."""
        end, wakes = self.now_ms + ms, 0
        while (wake_at := self.engine.wake_at) is not None and wake_at <= end:
            wakes += 1
            assert wakes < MOST_WAKES, [part for part in self.engine._parts() if part.wake_at == wake_at]
            self._move_to(max(self.now_ms, wake_at))
            self.do(self.engine.wake(self.now_ms))
        self._move_to(end)

    def _move_to(self, ms: int) -> None:
        self.cloud.at_ms += ms - self.now_ms
        self.now_ms = ms

    def open(self, opening: Open) -> None:
        self.openings.remove(opening)
        session = self.cloud.world.redeem(opening.url.partition("ticket=")[2])
        if session is None:  # too late
            self.do(self.engine.closed(self.now_ms, opening.socket))
            return
        connection = Connection(opening.socket, session.user_id, session.session_id)
        self.connections[opening.socket] = connection
        self.cloud.world.connect(connection)
        self.do(self.engine.opened(self.now_ms, opening.socket))

    def cut(self, number: int) -> None:
        connection = self.connections.pop(number, None)
        if connection is not None:
            self.cloud.world.disconnect(connection)
        self.do(self.engine.closed(self.now_ms, number))

    def up(self, connection: Connection, position: int = 0, *, answered: bool = True) -> None:
        """Have the cloud take a frame; unanswered, its answer is lost, but not what is shown to all."""
        frame = connection.up.pop(position)
        try:
            answers = self.cloud.act(frame, connection)
        except NatterError as error:
            answers = [refusal_of(error, frame)]
        for answer in answers if answered else []:
            connection.post(answer)

    def down(self, connection: Connection, position: int = 0, *, keep: bool = False) -> None:
        """Have the client take a frame; kept, it comes again."""
        frame = connection.down[position] if keep else connection.down.pop(position)
        self.do(self.engine.frame(self.now_ms, connection.number, frame))

    def answer(self, call: Call) -> None:
        self.calls.remove(call)
        try:
            answer = self.cloud.answer(call)
        except NatterError as error:
            self.do(self.engine.failed(self.now_ms, call, error.status, None))
        else:
            self.do(self.engine.answered(self.now_ms, call, answer))

    def fail(self, call: Call, *, carried_out: bool) -> None:
        self.calls.remove(call)
        if carried_out:
            self.cloud.answer(call)
        self.do(self.engine.failed(self.now_ms, call, 0, None))

    def flow(self) -> bool:
        """Have the next thing arrive; whether there was any."""
        if self.calls:
            self.answer(self.calls[0])
        elif self.openings:
            self.open(self.openings[0])
        elif up := [each for each in self.connections.values() if each.up]:
            self.up(up[0])
        elif down := [each for each in self.connections.values() if each.down]:
            self.down(down[0])
        else:
            return False
        return True

    def settle(self) -> None:
        """
        Nothing goes wrong any more: everything comes to rest. What was lost last is missed by nobody until the socket
        is replaced, within two hours.
        """
        for _ in range(300):
            while self.flow():
                pass
            if not self.store.entries() and self.engine.session.view()["state"] == "open" and self.is_level():
                return
            self.pass_time(30_000)
        raise AssertionError(f"it does not come to rest: {self.store.entries()}")

    def is_level(self) -> bool:
        return all(
            (bounds := self.store.bounds(chat)) is not None and bounds[3] == self.cloud.world.conversations[chat].head
            for chat in self.cloud.chats
        )

    def check(self) -> None:
        """What the user wrote, was told and sees is what the log says."""
        for chat in self.cloud.chats:
            conversation = self.cloud.world.conversations[chat]
            log = conversation.log
            mine = [
                event["client_id"] for event in log if event["sender_id"] == self.cloud.ann and "client_id" in event
            ]
            assert mine == [client_id for where, client_id, _ in self.written if where == chat]
            places = {event["client_id"]: event["seq"] for event in log if event.get("client_id") in mine}
            assert {each: self.store.placed(chat, self.cloud.ann, each) for each in mine} == places
            _, _, low, position = self.store.bounds(chat) or (0, 0, 0, 0)
            shown = self.store.events(chat, limit=10_000)
            assert shown == [conversation.shown(event, self.cloud.ann) for event in log[low - 1 :]]
            assert position == conversation.head
        assert {self.told.get(client_id, "placed") for _, client_id, _ in self.written} <= {"placed"}
