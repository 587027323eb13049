"""`Timeline` on the tables that the fold writes, bounded in what is read at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from natter.adapters.cassandra.client import CassandraSession, Statement
from natter.adapters.cassandra.rows import (
    BUCKET,
    READ_CURSOR,
    READ_HEAD,
    READ_ROSTER,
    bucket,
    is_whole,
    to_cursor,
    to_event,
    to_head,
    to_roster,
    to_standing,
    to_target,
)
from natter.domain.conversations.members import MemberKey, Standing
from natter.domain.conversations.rosters import ROSTER_EVERY, Roster
from natter.domain.fold.known import Known, Wanted
from natter.domain.fold.writes import ClientIdKey, Outcome, Place
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.events import Event, Head
from natter.domain.messages.states import NO_STATE, MarkKey, MessageState
from natter.domain.receipts import Cursor, CursorKey
from natter.ports.reading import Timeline
from natter.records.messages import load_state

PAGE = 100
"""Events read at once: a whole partition may be of 24 MB."""

READ_STANDING = "SELECT * FROM standings WHERE conversation_id = ? AND user_id = ? AND seq <= ? LIMIT 1"
READ_FIRST_PLACE = "SELECT seq FROM standings WHERE conversation_id = ? AND user_id = ? ORDER BY seq ASC LIMIT 1"
READ_UP = "SELECT * FROM events WHERE conversation_id = ? AND bucket = ? AND seq >= ? AND seq <= ? ORDER BY seq ASC"
READ_DOWN = "SELECT * FROM events WHERE conversation_id = ? AND bucket = ? AND seq >= ? AND seq <= ? ORDER BY seq DESC"
READ_OUTCOME = "SELECT * FROM client_ids WHERE conversation_id = ? AND sender_id = ? AND client_id = ?"
READ_TARGET = "SELECT type, sender_id FROM events WHERE conversation_id = ? AND bucket = ? AND seq = ?"
READ_STATE = (
    "SELECT state FROM message_states WHERE conversation_id = ? AND bucket = ? AND target_seq = ? AND seq <= ? LIMIT 1"
)
READ_MARK = (
    "SELECT is_set FROM reaction_marks WHERE conversation_id = ? AND bucket = ? AND target_seq = ? "
    "AND reaction = ? AND user_id = ? AND seq <= ? LIMIT 1"
)
"""Of both, the latest comes first."""

READ_EVENT = "SELECT * FROM events WHERE conversation_id = ? AND bucket = ? AND seq = ?"
READ_FILE = (
    "SELECT seq FROM files WHERE conversation_id = ? AND attachment_id = ? AND seq >= ? AND seq <= ? "
    "ORDER BY seq DESC LIMIT ?"
)
READ_MESSAGES = "SELECT messages FROM events WHERE conversation_id = ? AND bucket = ? AND seq = ?"

FOLD_READS = (READ_HEAD, READ_ROSTER, READ_OUTCOME, READ_TARGET, READ_STATE, READ_MARK, READ_STANDING, READ_EVENT)
READERS_READS = (READ_HEAD, READ_STANDING, READ_UP, READ_DOWN, READ_STATE, READ_EVENT, READ_CURSOR)
WAKING_READS = (READ_HEAD, READ_STANDING, READ_STATE, READ_EVENT, READ_CURSOR)
RECEIPT_READS = (READ_HEAD, READ_CURSOR, READ_MESSAGES)


class CassandraTimeline:
    """What is asked of several conversations is read in one concurrent round trip."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    def read(self, wanted: Wanted) -> Known:
        conversations, keys = list(wanted.conversations), list(wanted.keys)
        heads = self.heads(conversations)  # before all else: a head must not know more than what is read with it
        ends = {**wanted.folded, **{each: head.seq for each, head in heads.items()}}
        targets = [(each, seq) for each, seq in wanted.targets if seq <= ends.get(each, 0)]
        marks = [key for key in wanted.marks if key.target_seq <= ends.get(key.conversation_id, 0)]
        results = iter(
            self._session.run(
                [
                    *((READ_ROSTER, (each, head.seq, ROSTER_EVERY)) for each, head in heads.items()),
                    *map(_outcomes, keys),
                    *((READ_TARGET, _event_key(place)) for place in targets),
                    *((READ_STATE, (*_event_key(place), ends[place[0]])) for place in targets),
                    *((READ_MARK, (*_mark(key), ends[key.conversation_id])) for key in marks),
                ]
            )
        )
        rosters = {each: self._roster(each, head.seq, list(next(results))) for each, head in heads.items()}
        outcomes = {key: [_outcome(row) for row in next(results)] for key in keys}
        found = {place: list(next(results)) for place in targets}
        states = {place: load_state(row["state"]) for place in targets for row in next(results)}
        return Known(
            heads=heads,
            rosters=rosters,
            outcomes=outcomes,
            targets={
                place: to_target(row, states.get(place, NO_STATE)) for place, rows in found.items() for row in rows
            },
            marks={key: row["is_set"] for key in marks for row in next(results)},
        )

    def outcomes(self, keys: Collection[ClientIdKey]) -> Mapping[ClientIdKey, Sequence[Outcome]]:
        ordered = list(keys)
        results = self._session.run([_outcomes(key) for key in ordered])
        return {key: [_outcome(row) for row in rows] for key, rows in zip(ordered, results, strict=True)}

    def heads(self, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Head]:
        ordered = list(conversations)
        results = self._session.run([(READ_HEAD, (each,)) for each in ordered])
        return {each: to_head(row) for each, rows in zip(ordered, results, strict=True) for row in rows}

    def rosters(self, places: Mapping[ConversationId, tuple[int, int]]) -> Mapping[ConversationId, Roster]:
        results = self._session.run([(READ_ROSTER, (each, last, ROSTER_EVERY)) for each, (_, last) in places.items()])
        return {
            each: self._roster(each, first, list(rows))
            for (each, (first, _)), rows in zip(places.items(), results, strict=True)
        }

    def _roster(self, conversation: ConversationId, first: int, rows: list[Any]) -> Roster:
        """With `rows`, the latest, and what it takes before them: mostly nothing."""
        read = len(rows)
        while read == ROSTER_EVERY and not any(is_whole(row, first) for row in rows):
            (before,) = self._session.run([(READ_ROSTER, (conversation, rows[-1]["seq"] - 1, ROSTER_EVERY))])
            more = list(before)
            rows, read = rows + more, len(more)
        return to_roster(rows, first)

    def standings(self, up_to: Mapping[MemberKey, int]) -> Mapping[MemberKey, Standing]:
        results = self._session.run([(READ_STANDING, (*key, seq)) for key, seq in up_to.items()])
        return {key: to_standing(row) for key, rows in zip(up_to, results, strict=True) for row in rows}

    def first_place(self, conversation: ConversationId, user: UserId) -> int | None:
        (rows,) = self._session.run([(READ_FIRST_PLACE, (conversation, user))])
        return next((row["seq"] for row in rows), None)

    def cursors(self, keys: Iterable[CursorKey]) -> Mapping[CursorKey, Cursor]:
        ordered = list(keys)
        results = self._session.run([(READ_CURSOR, key) for key in ordered])
        return {key: to_cursor(row) for key, rows in zip(ordered, results, strict=True) for row in rows}

    def events_at(self, places: Collection[Place]) -> Mapping[Place, Event]:
        ordered = list(places)
        results = self._session.run([(READ_EVENT, _event_key(place)) for place in ordered])
        return {place: to_event(row) for place, rows in zip(ordered, results, strict=True) for row in rows}

    def places_of_file(
        self, conversation: ConversationId, attachment: AttachmentId, first: int, last: int, *, limit: int
    ) -> Sequence[int]:
        (rows,) = self._session.run([(READ_FILE, (conversation, attachment, first, last, limit))])
        return [row["seq"] for row in rows]

    def messages_at(self, places: Collection[Place]) -> Mapping[Place, int]:
        ordered = list(places)
        results = self._session.run([(READ_MESSAGES, _event_key(place)) for place in ordered])
        return {place: row["messages"] for place, rows in zip(ordered, results, strict=True) for row in rows}

    def states(self, places: Collection[Place], *, up_to: int) -> Mapping[Place, MessageState]:
        ordered = list(places)
        results = self._session.run([(READ_STATE, (*_event_key(place), up_to)) for place in ordered])
        return {place: load_state(row["state"]) for place, rows in zip(ordered, results, strict=True) for row in rows}

    def marks(self, keys: Collection[MarkKey], *, up_to: int) -> Mapping[MarkKey, bool]:
        ordered = list(keys)
        results = self._session.run([(READ_MARK, (*_mark(key), up_to)) for key in ordered])
        return {key: row["is_set"] for key, rows in zip(ordered, results, strict=True) for row in rows}

    def events(self, conversation: ConversationId, first: int, last: int, *, newest_first: bool) -> Iterable[Event]:
        statement = READ_DOWN if newest_first else READ_UP
        while first <= last:
            if newest_first:
                low, high = max(first, last - PAGE + 1, bucket(last) * BUCKET + 1), last
                last = low - 1
            else:
                low, high = first, min(last, first + PAGE - 1, (bucket(first) + 1) * BUCKET)
                first = high + 1
            for row in self._session.run([(statement, (conversation, bucket(low), low, high))])[0]:
                yield to_event(row)

    def probe(self) -> None:
        self._session.run([(READ_HEAD, (".",))])


def _outcomes(key: ClientIdKey) -> Statement:
    return READ_OUTCOME, (key.conversation_id, key.sender_id, key.client_id)


def _outcome(row: Any) -> Outcome:
    return Outcome(
        epoch=row["log_epoch"],
        offset=row["log_offset"],
        item=row["item"],
        at=row["at"],
        seq=row["seq"],
        refusal=row["refusal"],
    )


def _event_key(place: Place) -> tuple[ConversationId, int, int]:
    conversation, seq = place
    return conversation, bucket(seq), seq


def _mark(key: MarkKey) -> tuple[ConversationId, int, int, str, UserId]:
    return key.conversation_id, bucket(key.target_seq), key.target_seq, key.reaction, key.user_id


_: type[Timeline] = CassandraTimeline
