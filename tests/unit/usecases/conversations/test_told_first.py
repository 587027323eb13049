"""
Nothing of a member's gets into the log before the log was told that they are one, whoever dies at whatever access:
what was acknowledged would be refused for ever (P1).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any, Literal

import pytest

from natter.domain.connections import Connection
from natter.domain.conversations.members import Role
from natter.domain.conversations.records import CreateRequest
from natter.domain.errors import NotMember, Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import Bucket
from natter.domain.messages.commands import Command
from natter.domain.messages.events import Head
from natter.ports.conversations import Admission
from natter.ports.gate import Entered, Gate
from natter.ports.messages import CommandLog
from natter.usecases.conversations.announce import Announce
from natter.usecases.conversations.relay import AGE_MS, Relay
from tests.chat import Chat
from tests.interrupting import Death, died
from tests.memory.remembering import RememberingAdmission
from tests.messages import a_command, a_delete, a_post

Change = Literal["creation", "addition", "promotion"]
CHANGES: tuple[Change, ...] = ("creation", "addition", "promotion")
LOBBY = ConversationId("lobby")


@dataclass
class Log:
    """May be away."""

    chat: Chat
    away: bool = False

    def append(self, command: Command) -> int:
        if self.away:
            raise Unavailable("the log")
        return self.chat.log.append(command)


@dataclass
class Careless:
    """A gate with the bug: whoever is admitted passes as told."""

    gate: Gate

    def admit(self, connection: Connection, bucket: Bucket | None) -> None:
        self.gate.admit(connection, bucket)

    def enter(
        self,
        conversation: ConversationId,
        user: UserId,
        bucket: Bucket,
        cost: int = 1,
        *,
        origin: Connection | None = None,
    ) -> Entered:
        self.gate.enter(conversation, user, bucket, cost, origin=origin)
        return Entered(told=True)


class Scene:
    """Ann has a group, or is about to; Bob is to join it, or to become an admin who deletes what Ann has said."""

    def __init__(self, change: Change, *, careless: bool = False) -> None:
        self.chat, self.change = Chat(), change
        self.ann, self.bob = self.chat.person("ann"), self.chat.person("bob")
        self.log = Log(self.chat)
        self.asked_as: set[Role | None] = set()
        """By what was remembered."""
        self.admission = RememberingAdmission(self.chat.conversations)
        if change != "creation":
            self.chat.group(self.ann, *([self.bob] if change == "promotion" else []), conversation_id=LOBBY)
            self.chat.say(LOBBY, self.ann, a_post("m1"))
            self.admission.replace(LOBBY)  # it was used before
        gate: Gate = self.chat.gate_of(self.admission)
        self.gate = Careless(gate) if careless else gate

    def announce(self, death: Death | None = None) -> Announce:
        """The accesses at which it may die: both stores, and the moment between an append and its mark."""
        conversations: Any = self.chat.conversations
        admission: Admission = self.admission
        log: CommandLog = self.log
        if death is not None:
            conversations = death(conversations, of=("create", "change", "publish"))
            admission = death(admission, of=("replace",))
            log = After(death, self.log)
        return Announce(conversations=conversations, admission=admission, log=log)

    def decide(self, death: Death | None = None) -> None:
        announce = self.announce(death)
        if self.change == "creation":
            create = replace(self.chat.create, conversations=announce.conversations, log=announce.log)
            create(
                CreateRequest(creator=self.ann, kind="group", members=(self.bob,), title="Lobby", conversation_id=LOBBY)
            )
            return
        service = self.chat.members_announced(announce)
        changing = replace(service.set_role, conversations=announce.conversations)
        changing(self.ann, LOBBY, self.bob, "member" if self.change == "addition" else "admin")

    def ask(self, user: UserId, death: Death | None = None) -> int:
        """What only somebody may ask whose role the log knows."""
        announce = self.announce(death)
        self.asked_as.add(self.admission.role(LOBBY, user))
        send = replace(self.chat.send, gate=self.gate, log=announce.log, announce=announce)
        item = a_delete("d1", 2) if self.change == "promotion" else a_post("b1")
        return send(a_command(item, sender=user, conversation=LOBBY))

    def relay(self) -> None:
        self.chat.world.clock.advance(seconds=AGE_MS / 1000 + 1)
        Relay(
            conversations=self.chat.conversations,
            admission=self.admission,
            announce=self.announce(),
            now_ms=self.chat.world.clock,
        )()

    def happened(self) -> bool:
        """Whether what was asked for did."""
        self.chat.fold()
        head = self.chat.tables.heads([LOBBY]).get(LOBBY, Head(conversation_id=LOBBY))
        events = self.chat.tables.events(LOBBY, 1, head.seq, newest_first=False)
        return {"b1", "d1"} & {event.client_id for event in events} != set()


@dataclass
class After:
    """A log whose writer may die when it has been written to."""

    death: Death
    log: Log

    def append(self, command: Command) -> int:
        at = self.log.append(command)
        self.death.step()
        return at


def every_point(run: Callable[[Death], object]) -> list[int]:
    """The numbers of all accesses of `run`."""
    whole = Death(None)
    run(whole)
    return list(range(whole.accesses + 1))


def answered(ask: Callable[[], int]) -> bool:
    """Whether it was acknowledged; it may be refused before."""
    try:
        ask()
    except (NotMember, Unavailable):
        return False
    return True


@pytest.mark.parametrize("change", CHANGES)
class TestTheLogIsAway:
    def test_who_was_not_told_of_is_told_to_try_again_and_gets_a_place(self, change: Change) -> None:
        scene = Scene(change)
        scene.log.away = True
        with pytest.raises(Unavailable):
            scene.decide()
        with pytest.raises(Unavailable):
            scene.ask(scene.bob)
        scene.log.away = False
        scene.ask(scene.bob)
        assert scene.happened()

    def test_it_is_told_once_and_then_costs_nothing(self, change: Change) -> None:
        scene = Scene(change)
        scene.log.away = True
        with pytest.raises(Unavailable):
            scene.decide()
        scene.log.away = False
        asked = Death(None)
        scene.ask(scene.bob, asked)
        again = Death(None)
        scene.ask(scene.bob, again)
        assert again.accesses == 1  # the append
        decided = [record.command for record in scene.chat.log.records() if record.command.decided]
        assert len(decided) == len({command.items[0].client_id for command in decided})


@pytest.mark.parametrize("change", CHANGES)
class TestSomebodyDies:
    def test_whoever_decided_it_at_any_access(self, change: Change) -> None:
        for at in every_point(lambda death: Scene(change).decide(death)):
            scene = Scene(change)
            died(partial(scene.decide, Death(at)))
            if answered(partial(scene.ask, scene.bob)):
                assert scene.happened() or self._is_refused_for_good(scene), at

    def test_and_whoever_sends_first_at_any_access(self, change: Change) -> None:
        """The next one, or the same one again, gets a place; also if `relay` came in between."""
        points = every_point(lambda death: Scene(change).decide(death))
        for relays, first, second in product((False, True), points, range(5)):
            scene = Scene(change)
            died(partial(scene.decide, Death(first)))
            with suppress(NotMember):
                died(partial(scene.ask, scene.bob, Death(second)))
            if relays:
                scene.relay()
            if answered(partial(scene.ask, scene.bob)):
                assert scene.happened() or self._is_refused_for_good(scene), (relays, first, second)

    def _is_refused_for_good(self, scene: Scene) -> bool:
        """They asked before they were an admin by anything that they could know: that stays refused, as it should."""
        return scene.change == "promotion" and "member" in scene.asked_as


@pytest.mark.parametrize("change", CHANGES)
def test_a_gate_that_lets_everybody_pass_as_told_is_noticed(change: Change) -> None:
    """The planted bug: acknowledged, and refused for ever."""
    scene = Scene(change, careless=True)
    scene.log.away = True
    with pytest.raises(Unavailable):
        scene.decide()
    scene.log.away = False
    assert answered(lambda: scene.ask(scene.bob))
    scene.relay()
    scene.ask(scene.bob)
    assert not scene.happened()
