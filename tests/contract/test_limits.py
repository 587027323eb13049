"""
Whatever the protocol admits can be folded and stored: its largest frames, in every script, on the tables as they are.

In front of the driver stands what Amazon Keyspaces refuses (`local.keyspaces`), behind it Cassandra with its limits.
"""

import struct
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from cassandra import InvalidRequest

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.event_store import CassandraEventStore
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.bootstrap.clients import now_ms
from natter.domain.conversations.members import Member
from natter.domain.conversations.rosters import ROSTER_EVERY
from natter.domain.conversations.rules import MAX_MEMBERS
from natter.domain.fold.conversation import Conversation
from natter.domain.fold.writes import EventRow, Row
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import AddMembers, ChangeRole, Command, CreateConversation, Record
from natter.domain.messages.events import Event, Head
from natter.domain.messages.states import MAX_EDITS, MAX_REACTIONS
from natter.names import CONTENT_LIMIT_BYTES, EPOCH, FRAME_LIMIT_BYTES
from natter.wire.messages import MAX_MENTIONS, EditFrame, ReactFrame, SendFrame
from tests.messages import ANN, a_connection

SCRIPTS = {"ascii": "x", "chinese": "漢", "emoji": "😀", "quotes": '"', "backslashes": "\\", "tabs": "\t."}
LONGEST = "c" * 64
LONGEST_TEXT = 8_000

pytestmark = pytest.mark.engines


def words(script: str, room: int = CONTENT_LIMIT_BYTES - 100) -> str:
    """As much text as the protocol takes: code points, and bytes as JSON."""
    character = SCRIPTS[script]
    size = {'"': 2, "\\": 2, "\t.": 3}.get(character, len(character.encode()))
    return character * min(LONGEST_TEXT // len(character), room // size)


class Log:
    """Frames as they are parsed, folded and stored, in batches as `persist` would."""

    def __init__(self, session: CassandraSession) -> None:
        self.store, self.timeline = CassandraEventStore(session), CassandraTimeline(session)
        self.lobby = ConversationId(new_id())
        self.conversation = Conversation(head=Head(conversation_id=self.lobby))
        self._offsets = count()
        self._pending: list[Row] = []
        members = (Member(user_id=ANN, role="owner"),)
        self.command(
            Command(
                conversation_id=self.lobby,
                sender_id=ANN,
                items=(CreateConversation(client_id=ClientId("row-0"), kind="group", members=members, title="Lobby"),),
                decided=True,
            )
        )

    def command(self, command: Command) -> None:
        record = Record(command=command, epoch=EPOCH, partition=0, offset=next(self._offsets), at=now_ms())
        folded = self.conversation.fold(record)
        assert {decision.outcome.refusal for decision in folded.decisions} == {None}
        self._pending += folded.rows

    def frame(self, model: Any, action: str, **fields: Any) -> None:
        parsed = model.model_validate({"action": action, "conversation_id": self.lobby, **fields})
        self.command(parsed.command(a_connection(ANN)))

    def stored(self) -> None:
        """All of them in one batch; what is read is what was said."""
        self.store.write(self._pending)
        self.store.write_heads([self.conversation.head])
        said: dict[int, Event] = {row.event.seq: row.event for row in self._pending if isinstance(row, EventRow)}
        found = self.timeline.events(self.lobby, 1, self.conversation.head.seq, newest_first=False)
        assert [(event.seq, event.payload) for event in found] == [(seq, said[seq].payload) for seq in sorted(said)]
        assert self.timeline.heads([self.lobby])[self.lobby].preview == self.conversation.head.preview


@pytest.fixture
def log(cassandra: CassandraSession) -> Log:
    return Log(cassandra)


def a_message(number: int, script: str, room: int, **fields: Any) -> dict[str, Any]:
    return {"client_id": f"{number:064}", "content": {"type": "text", "text": words(script, room)}, **fields}


@pytest.mark.parametrize("script", SCRIPTS)
class TestContent:
    def test_many_of_the_largest_messages_are_one_batch(self, log: Log, script: str) -> None:
        """Eight of 8,000 Chinese characters, sent without waiting, stopped their partition: characters were counted."""
        for number in range(12):
            log.frame(SendFrame, "send", messages=[a_message(number, script, CONTENT_LIMIT_BYTES - 100)])
        log.stored()

    def test_a_frame_of_as_many_messages_as_it_takes(self, log: Log, script: str) -> None:
        room = FRAME_LIMIT_BYTES // 20 - 300
        for frame in range(5):
            messages = [a_message(20 * frame + number, script, room) for number in range(20)]
            log.frame(SendFrame, "send", messages=messages)
        log.stored()

    def test_edits_and_reactions_as_many_as_a_message_takes(self, log: Log, script: str) -> None:
        log.frame(SendFrame, "send", messages=[a_message(0, script, CONTENT_LIMIT_BYTES - 100)])
        content = {"type": "text", "text": words(script)}
        for number in range(MAX_EDITS):
            log.frame(EditFrame, "edit", client_id=f"e{number}", target_seq=2, content=content)
        for number in range(MAX_REACTIONS):
            reaction = (chr(0x4E00 + number) + SCRIPTS[script].strip("\t") * 40)[:32]
            log.frame(ReactFrame, "react", client_id=f"r{number}", target_seq=2, reaction=reaction)
        log.stored()


class TestPeople:
    def test_a_message_that_mentions_as_many_as_it_may(self, log: Log) -> None:
        mentions = [f"{number:064}" for number in range(MAX_MENTIONS)]
        for number in range(4):
            log.frame(SendFrame, "send", messages=[a_message(number, "ascii", 20_000, mentions=mentions)])
        log.stored()

    def test_everybody_is_added_at_once_with_the_longest_ids(self, log: Log) -> None:
        """One outbox row names so many; several come together when Kafka was away."""
        for batch in range(MAX_MEMBERS // 100):
            members = tuple(Member(user_id=UserId(f"{batch:03}{number:061}"), role="member") for number in range(100))
            item = AddMembers(client_id=ClientId(f"row-{batch + 1}"), members=members)
            log.command(Command(conversation_id=log.lobby, sender_id=ANN, items=(item,), decided=True))
        log.stored()
        for number in range(ROSTER_EVERY):  # and all of them are one row
            user = UserId(f"000{number % 100:061}")
            change = ChangeRole(client_id=ClientId(f"role-{number}"), user_id=user, role="admin")
            log.command(Command(conversation_id=log.lobby, sender_id=ANN, items=(change,), decided=True))
        log.stored()
        head = log.conversation.head
        roster = log.timeline.rosters({log.lobby: (head.seq, head.seq)})[log.lobby]
        assert roster.as_of(head.seq) == log.conversation.members
        assert (roster.seq > 0, len(roster.members)) == (True, MAX_MEMBERS + 1)


class TestRefusals:
    """They are told from outages: nobody waits for them to pass."""

    @pytest.mark.parametrize(
        "values",
        [
            pytest.param(lambda lobby: (lobby, 2**31, 1), id="a bucket that is no int"),
            pytest.param(lambda lobby: (lobby, "0", 1), id="text for a number"),
            pytest.param(lambda lobby: (lobby, 0, 2**63), id="a place that is no bigint"),
        ],
    )
    def test_what_cannot_be_bound_is_no_outage(
        self, cassandra: CassandraSession, values: Callable[[str], tuple[Any, ...]]
    ) -> None:
        statement = "SELECT type FROM events WHERE conversation_id = ? AND bucket = ? AND seq = ?"
        with pytest.raises((TypeError, ValueError, OverflowError, struct.error)):
            cassandra.run([(statement, values(new_id()))])

    def test_what_the_store_refuses_is_no_outage(self, cassandra: CassandraSession) -> None:
        with pytest.raises(InvalidRequest):
            cassandra.run([("SELECT type FROM events WHERE sender_id = ?", ("ann",))])
