"""What tests of pushing share: the way from what was said to what a device is woken with, over ports of memory."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from natter.domain.accounts.users import PushTarget
from natter.domain.conversations.members import Membership, MembershipChange, Standing
from natter.domain.fold.writes import AmendedRow, EventRow, RosterRow, StandingRow, StateRow
from natter.domain.ids import ConversationId, DeviceId, UserId, new_id
from natter.domain.messages.events import Emission, Event, Head
from natter.domain.messages.states import NO_STATE
from natter.domain.push.registrations import Registration
from natter.domain.push.waking import Reachable
from natter.domain.push.waves import Wave
from natter.domain.push.wording import Push
from natter.domain.receipts import Cursor
from natter.ports.conversations import Conversations
from natter.usecases.push.compose_pushes import ComposePushes, CountUnreadOf
from natter.usecases.push.count_unread import CountUnread
from natter.usecases.push.look_again import LookAgain
from natter.usecases.push.look_at_recipients import LookAtRecipients
from natter.usecases.push.schedule_pushes import SchedulePushes
from natter.usecases.push.wake_devices import WakeDevices, Woken
from natter.usecases.reading.show_events import ShowEvents
from natter.usecases.reading.view_conversations import ReadHeads
from tests.memory.attachments import MemoryAttachments
from tests.memory.connections import MemoryConnections
from tests.memory.head_cache import MemoryHeadCache
from tests.memory.presence import MemoryPresenceTraces
from tests.memory.push import (
    MemoryPushMarks,
    MemoryPushRegistrations,
    MemoryPushService,
    MemoryReachables,
    MemoryShownBadges,
    MemoryWaveQueue,
)
from tests.memory.tables import MemoryTables
from tests.messages import ANN, LOBBY, NOON, a_connection, text

JOINED = Standing(seq=1, membership=Membership(role="member", joined_seq=1, joined_messages=0))


def a_registration(user: UserId, device: str = "phone") -> Registration:
    return Registration(
        user_id=user,
        device_id=DeviceId(f"{user}-{device}"),
        target=PushTarget(provider="fcm", token=f"token of {user}'s {device}"),
        endpoint="arn",
    )


class InTheLobby:
    """Everybody is in this conversation, and in no other."""

    def of_each(self, users: Collection[UserId]) -> Mapping[UserId, Collection[ConversationId]]:
        return {user: [LOBBY] for user in users}


class PushStage:
    """The lobby, in which Ann talks to others; each of them has a phone that can be woken."""

    def __init__(self, *others: UserId) -> None:
        self.now = NOON
        self.tables, self.queue = MemoryTables(), MemoryWaveQueue()
        self.registry, self.traces = MemoryConnections(), MemoryPresenceTraces()
        self.marks, self.service = MemoryPushMarks(), MemoryPushService()
        self.attachments, self.shown = MemoryAttachments(), MemoryShownBadges()
        self.registrations = MemoryPushRegistrations(*map(a_registration, others))
        wishes = {(LOBBY, user): Reachable(kind="group", title="Lobby") for user in (ANN, *others)}
        self.reachables = MemoryReachables(wishes, {user: user.title() for user in (ANN, *others)})
        self.before_composing: Callable[[], None] = lambda: None
        self.count_unread: CountUnreadOf = CountUnread(
            conversations=cast(Conversations, InTheLobby()),
            heads=ReadHeads(cache=MemoryHeadCache(), timeline=self.tables),
            timeline=self.tables,
        )
        self.seq = 1
        joined = tuple(MembershipChange(user_id=user, seq=1, role="member", messages=0) for user in (ANN, *others))
        self.tables.write(
            [RosterRow(conversation_id=LOBBY, seq=1, changes=joined, members=None, written_at=1)]
            + [
                StandingRow(conversation_id=LOBBY, user_id=each.user_id, standing=JOINED, written_at=1)
                for each in joined
            ]
        )
        self.have_read: dict[UserId, DeviceId | None] = {}
        self.schedule = SchedulePushes(
            timeline=self.tables,
            registrations=self.registrations,
            queue=self.queue,
            has_read=self.have_read.update,
            now_ms=lambda: self.now,
        )

    @property
    def look(self) -> LookAtRecipients:
        return LookAtRecipients(
            reachables=self.reachables, connections=self.registry, traces=self.traces, timeline=self.tables
        )

    @property
    def wake(self) -> WakeDevices:
        """Another execution environment."""
        heads = ReadHeads(cache=MemoryHeadCache(), timeline=self.tables)
        return WakeDevices(
            registrations=self.registrations,
            look=self.look,
            compose=ComposePushes(
                reachables=self.reachables,
                timeline=self.tables,
                heads=heads,
                show=ShowEvents(timeline=self.tables),
                attachments=self.attachments,
                count_unread=self._unread,
            ),
            marks=self.marks,
            shown=self.shown,
            service=self.service,
            again=LookAgain(queue=self.queue, now_ms=lambda: self.now, delay_s=lambda attempt: 2**attempt),
            now_ms=lambda: self.now,
            new_id=new_id,
        )

    def say(self, words: str = "hello", *, sender: UserId = ANN, at: int | None = None, **payload: Any) -> Emission:
        """What `persist` emits when it has stored it."""
        self.seq += 1
        event = Event(
            conversation_id=LOBBY,
            seq=self.seq,
            type="message",
            at=self.now if at is None else at,
            sender_id=sender,
            client_id=f"c{self.seq}",
            payload={"content": text(words), **payload},
            messages=self.seq - 1,
        )
        self.tables.write([EventRow(event=event, written_at=event.at * 1000)])
        head = Head(conversation_id=LOBBY, seq=self.seq, messages=self.seq - 1, at=event.at, written_at=event.at * 1000)
        self.tables.write_heads([head])
        return Emission(conversation_id=LOBBY, events=(event,), members_seq=1)

    def edit(self, target: int, words: str) -> None:
        """Ann changes what she has said."""
        self.seq += 1
        event = Event(
            conversation_id=LOBBY,
            seq=self.seq,
            type="edit",
            at=self.now,
            sender_id=ANN,
            client_id=f"c{self.seq}",
            payload={"target_seq": target, "content": text(words)},
            messages=self.seq - 2,
        )
        state = replace(NO_STATE, seq=self.seq, edits=(self.seq,))
        written_at = self.now * 1000 + self.seq
        self.tables.write(
            [
                EventRow(event=event, written_at=written_at),
                StateRow(conversation_id=LOBBY, target_seq=target, state=state, written_at=written_at),
                AmendedRow(conversation_id=LOBBY, seq=target, by=self.seq, written_at=written_at),
            ]
        )
        head = Head(conversation_id=LOBBY, seq=self.seq, messages=1, at=self.now, written_at=written_at)
        self.tables.write_heads([head])

    def said(self, words: str = "hello", **how: Any) -> Emission:
        """The same, and scheduled."""
        emission = self.say(words, **how)
        self.schedule([emission])
        return emission

    def connect(self, user: UserId, device: str = "phone") -> None:
        self.registry.register(replace(a_connection(user, f"{user}-{device}"), device_id=DeviceId(f"{user}-{device}")))

    def read(self, user: UserId, seq: int) -> None:
        self.tables.write_cursors({(LOBBY, user): Cursor(read_seq=seq, read_messages=seq - 1, written_at=seq)})

    def hand_out(self) -> list[Woken]:
        """Everything that is in the queue, each when it is due, until nothing is left."""
        woken = []
        while self.queue.waiting:
            delay_s, wave = min(self.queue.waiting, key=lambda waiting: waiting[0])
            self.queue.waiting.remove((delay_s, wave))
            self.queue.waiting = [(other_s - delay_s, other) for other_s, other in self.queue.waiting]
            self.now += delay_s * 1000
            woken.append(self.wake(wave))
        return woken

    def take(self) -> list[Wave]:
        """What is in the queue; its time comes."""
        waves = [wave for _, wave in self.queue.waiting]
        self.now += max((delay_s for delay_s, _ in self.queue.waiting), default=0) * 1000
        self.queue.waiting.clear()
        return waves

    @property
    def pushed(self) -> Sequence[tuple[DeviceId, Push]]:
        """What was handed over, in order."""
        return [(each.registration.device_id, each.push) for each in self.service.taken if isinstance(each.push, Push)]

    @property
    def bodies(self) -> list[str]:
        return [push.body for _, push in self.pushed]

    def _unread(self, users: Collection[UserId]) -> Mapping[UserId, int]:
        self.before_composing()
        return self.count_unread(users)
