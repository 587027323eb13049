import json
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from cassandra import InvalidRequest

from functions.persist.handler import build
from natter.domain.errors import Unavailable
from natter.domain.fold.conversation import Conversation, Folded
from natter.domain.fold.writes import ClientIdKey, EventRow, Outcome, Row
from natter.domain.ids import ConversationId
from natter.domain.messages.commands import Command, Record
from natter.domain.messages.events import Head
from natter.names import COMMANDS_TOPIC
from natter.records.messages import dump_command
from natter.usecases.messages.give_up import ATTEMPTS, GiveUp
from tests.chat import Chat
from tests.memory.logs import MemoryDeadLetters
from tests.memory.tables import MemoryTables
from tests.messages import BOB, KITCHEN, LOBBY, NOON, a_command, a_connection, a_post, a_reaction, created
from tests.streams import Context, a_batch, a_failure, a_raw_record

HALL = ConversationId("hall")


class Tables(MemoryTables):
    """Does not answer for the kitchen, and takes no event that says what is refused."""

    refused: str | None = None
    refusal: Exception = Unavailable("the store")
    unbound: str | None = None
    """A client id that no statement can be bound to: nothing is written with it, or removed, or read."""
    unread: bool = True
    """Whether it cannot be read, either."""
    nowhere: ConversationId | None = None
    """Nothing of it is ever taken, of whatever age."""

    def write(self, rows: Sequence[Row]) -> None:
        if self.refused is not None and self.refused in repr([row for row in rows if isinstance(row, EventRow)]):
            super().write([row for row in rows if not isinstance(row, EventRow)])  # what was written before
            raise self.refusal
        self._bind(rows)
        self._find_room(rows)
        super().write(rows)

    def undo(self, rows: Sequence[Row], head: Head) -> None:
        self._bind(rows)
        self._find_room([head])
        super().undo(rows, head)

    def write_heads(self, heads: Sequence[Head]) -> None:
        self._find_room(heads)
        super().write_heads(heads)

    def takes(self, conversation: ConversationId, *, written_at: int) -> bool:
        return conversation != self.nowhere and super().takes(conversation, written_at=written_at)

    def outcomes(self, keys: Collection[ClientIdKey]) -> Mapping[ClientIdKey, Sequence[Outcome]]:
        if self.unread:
            self._bind(keys)
        return super().outcomes(keys)

    def _find_room(self, rows: Sequence[Row | Head]) -> None:
        if self.nowhere is not None and f"'{self.nowhere}'" in repr(rows):
            raise InvalidRequest("key too long")

    def _bind(self, values: Collection[Row | ClientIdKey]) -> None:
        if self.unbound is not None and f"client_id='{self.unbound}'" in repr(values):
            raise TypeError("int expected")

    def heads(self, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Head]:
        asked = list(conversations)
        if KITCHEN in asked and self.nowhere is None:
            raise Unavailable("the store")
        return super().heads(asked)


class DownDeadLetters(MemoryDeadLetters):
    def add(self, topic: str, place: tuple[int, int], key: bytes, value: bytes, error: str) -> None:
        raise Unavailable(f"{topic}, of {place} given {len(key) + len(value)} bytes for {error}")


class Consumer:
    def __init__(self, *, dead: MemoryDeadLetters | None = None) -> None:
        self.chat, self.tables, self.dead = Chat(), Tables(), dead or MemoryDeadLetters()
        persist = replace(self.chat.persist, timeline=self.tables, store=self.tables)
        self.now = NOON
        give_up = GiveUp(timeline=self.tables, store=self.tables, now_ms=lambda: self.now)
        self.handler = build(persist, self.chat.leave_backlog, give_up, self.dead)

    def __call__(self, *records: dict[str, Any]) -> Any:
        return self.handler(a_batch(*records), Context())["batchItemFailures"]

    def stored(self, conversation: ConversationId = LOBBY) -> list[tuple[int, str | None]]:
        events = self.tables.events(conversation, 1, 100, newest_first=False)
        return [(event.seq, event.client_id) for event in events]


def a_record(command: Command, *, offset: int, partition: int = 0, at: int = NOON) -> dict[str, Any]:
    key = command.conversation_id.encode()
    return a_raw_record(dump_command(command), key=key, offset=offset, partition=partition, at=at)


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


class TestPersist:
    def test_commands_are_folded_at_their_places_in_the_log(self, consumer: Consumer) -> None:
        """P1, P2, P5."""
        bobs = a_connection(BOB)
        consumer.chat.registry.register(bobs)
        failures = consumer(a_record(created(), offset=4), a_record(a_command(a_post("m1")), offset=5, at=1234))
        assert failures == []
        assert consumer.stored() == [(1, None), (2, "m1")]
        assert [event.at for event in consumer.tables.events(LOBBY, 2, 2, newest_first=False)] == [1234]
        head = consumer.tables.heads([LOBBY])[LOBBY]
        assert (head.partition, head.offset) == (0, 5)
        (frame,) = consumer.chat.gateway.frames[bobs.connection_id]
        assert [event["seq"] for event in json.loads(frame)["events"]] == [1, 2]
        assert [event.seq for each in consumer.chat.events.emissions for event in each.events] == [1, 2]

    def test_a_batch_that_comes_again_changes_nothing(self, consumer: Consumer) -> None:
        """P3."""
        batch = a_record(created(), offset=0), a_record(a_command(a_post("m1")), offset=1)
        assert consumer(*batch) == consumer(*batch) == []
        assert consumer.stored() == [(1, None), (2, "m1")]

    def test_an_outage_gives_back_the_lane_and_no_other(self, consumer: Consumer) -> None:
        """P9."""
        failures = consumer(
            a_record(created(conversation=KITCHEN), offset=7, partition=1),
            a_record(created(), offset=0),
            a_record(a_command(a_post("m1"), conversation=KITCHEN), offset=8, partition=1),
        )
        assert failures == [a_failure(7, partition=1), a_failure(8, partition=1)]
        assert (consumer.stored(), consumer.stored(KITCHEN)) == ([(1, None)], [])


class TestDeadLetters:
    @pytest.mark.parametrize(
        ("value", "schema", "why"),
        [
            (b"{", b"command/2", "1 errors in a record of command/2"),
            (b"{}", b"command/2", "3 errors in a record of command/2"),
            (dump_command(created()), b"command/1", "schema b'command/1'"),
            (dump_command(created()), None, "schema None"),
        ],
    )
    def test_what_can_never_be_folded_is_set_aside_and_the_lane_moves_on(
        self, consumer: Consumer, value: bytes, schema: bytes | None, why: str
    ) -> None:
        poison = a_raw_record(value, offset=1, key=b"lobby", schema=schema)
        assert consumer(a_record(created(), offset=0), poison, a_record(a_command(a_post("m1")), offset=2)) == []
        assert consumer.stored() == [(1, None), (2, "m1")]
        (letter,) = consumer.dead.letters
        assert (letter.topic, letter.key, letter.value) == (COMMANDS_TOPIC, b"lobby", value)
        assert why in letter.error

    def test_a_lane_of_nothing_else_is_done(self, consumer: Consumer) -> None:
        assert consumer(a_raw_record(b"x", offset=0), a_raw_record(b"y", offset=1)) == []
        assert [letter.value for letter in consumer.dead.letters] == [b"x", b"y"]

    def test_what_could_not_be_kept_is_given_back_with_its_lane(self) -> None:
        """Nothing that is in the log is dropped, and nothing overtakes it."""
        consumer = Consumer(dead=DownDeadLetters())
        assert consumer(a_record(created(), offset=0), a_raw_record(b"x", offset=1)) == [a_failure(0), a_failure(1)]
        assert consumer.stored() == []

    def test_what_the_fold_cannot_digest_is_set_aside_and_the_lane_moves_on(
        self, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A bug in the fold costs the record that shows it, not the partition behind it."""
        fold = Conversation.fold

        def fold_with_a_bug(conversation: Conversation, record: Record) -> Folded:
            if record.offset == 1:
                raise KeyError(record.offset)
            return fold(conversation, record)

        monkeypatch.setattr(Conversation, "fold", fold_with_a_bug)
        commands = created(), a_command(a_post("bug")), a_command(a_post("m1"))
        assert consumer(*(a_record(command, offset=offset) for offset, command in enumerate(commands))) == []
        assert consumer.stored() == [(1, None), (2, "m1")]
        assert [letter.value for letter in consumer.dead.letters] == [dump_command(commands[1])]

    def test_what_waits_behind_what_is_late_is_left_for_who_sends(self, consumer: Consumer) -> None:
        """Of each partition of a batch; and nothing of what was not stored."""
        log = consumer.chat.log
        commands = created(), *(a_command(a_post(f"m{number}")) for number in range(3))
        for command in commands:
            log.append(command)
        late = NOON - 1000
        kitchen = a_record(a_command(a_post("m1"), conversation=KITCHEN), offset=0, partition=1, at=late)
        consumer(*(a_record(command, offset=offset, at=late) for offset, command in enumerate(commands[:2])), kitchen)
        known = consumer.chat.backlogs.get([0, 1])
        assert known.keys() == {0}
        assert (known[0].next_offset, known[0].items) == (2, 2)

    @pytest.mark.parametrize(
        "error", [TypeError("int expected"), struct.error("too long"), InvalidRequest("too large")]
    )
    def test_what_the_store_refuses_for_ever_is_set_aside_and_leaves_nothing(
        self, consumer: Consumer, error: Exception
    ) -> None:
        """One frame stopped its partition for good: the store's refusal was taken for an outage, or for a bug."""
        consumer.tables.refused, consumer.tables.refusal = "poison", error
        commands = (
            *(created(), a_command(a_post("m1")), a_command(a_post("bad", "poison"))),
            *(a_command(a_post("m2")), a_command(a_reaction("r", 3))),
        )
        assert consumer(*(a_record(command, offset=offset) for offset, command in enumerate(commands))) == []
        assert consumer.stored() == [(1, None), (2, "m1"), (3, "m2"), (4, "r")]
        assert [letter.value for letter in consumer.dead.letters] == [dump_command(commands[2])]

    @pytest.mark.parametrize("unread", [True, False])
    def test_what_cannot_be_bound_is_set_aside_and_the_lane_moves_on(self, consumer: Consumer, unread: bool) -> None:
        """What it may have left was to be removed by statements that could not be bound either: it came for ever."""
        consumer.tables.unbound, consumer.tables.unread = "bad", unread
        commands = (
            *(created(), a_command(a_post("m1")), a_command(a_post("bad"))),
            *(a_command(a_post("m2")), a_command(a_reaction("r", 3))),
        )
        other = a_record(created(conversation=HALL), offset=0, partition=1)
        records = [a_record(command, offset=offset) for offset, command in enumerate(commands)]
        assert consumer(*records, other) == []
        assert consumer.stored() == [(1, None), (2, "m1"), (3, "m2"), (4, "r")]
        assert consumer.stored(HALL) == [(1, None)]
        assert [letter.value for letter in consumer.dead.letters] == [dump_command(commands[2])]

    def test_a_conversation_of_which_nothing_is_ever_stored_holds_up_no_other(self, consumer: Consumer) -> None:
        """Refused whatever its age, it was folded again with later and later timestamps, without end."""
        consumer.tables.nowhere = KITCHEN
        records = [
            a_record(created(), offset=0),
            a_record(created(conversation=KITCHEN), offset=1),
            a_record(a_command(a_post("m1")), offset=2),
        ]
        assert consumer(*records) == []
        assert consumer.stored() == [(1, None), (2, "m1")]
        assert [letter.value for letter in consumer.dead.letters] == [dump_command(created(conversation=KITCHEN))]

    def test_what_can_neither_be_read_nor_kept_is_given_back_alone(self) -> None:
        """Whether it was at fault was asked of what it says, and the whole invocation failed."""
        consumer, poison = Consumer(dead=DownDeadLetters()), a_raw_record(b"x", offset=1)
        consumer(a_record(created(), offset=0), poison)
        other = a_record(created(conversation=HALL), offset=0, partition=1)
        assert consumer(poison, other) == [a_failure(1)]
        assert consumer.stored(HALL) == [(1, None)]

    def test_a_record_that_the_store_never_takes_in_time_is_set_aside_at_last(self, consumer: Consumer) -> None:
        """The store answers for all others, and for its conversation."""
        consumer.tables.refused, consumer.tables.refusal = "poison", Unavailable("the store")
        commands = created(), a_command(a_post("bad", "poison")), a_command(a_post("m2"))
        records = [a_record(command, offset=offset) for offset, command in enumerate(commands)]
        invocations = 0
        while failures := consumer(*records):
            offsets = [failure["itemIdentifier"]["offset"] for failure in failures]
            records = [record for record in records if record["offset"] in offsets]
            consumer.now += 10_000
            invocations += 1
        assert consumer.stored() == [(1, None), (2, "m2")]
        assert [letter.value for letter in consumer.dead.letters] == [dump_command(commands[1])]
        assert ATTEMPTS <= invocations < 2 * ATTEMPTS
