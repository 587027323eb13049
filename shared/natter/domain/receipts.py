"""How far members say they have come: values that only move forward, whatever is repeated or comes late (P6)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from natter.domain.ids import ConnectionId, ConversationId, DeviceId, UserId
from natter.domain.write_times import write_time

SPAN_MS = 2000
"""Of one member, receipts of less than so much of the log's time are written together: within `MARGIN_US`."""

MAX_READERS_SHOWN = 20
"""In conversations of up to so many members everybody sees how far the others have read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """How far a member has read: explicitly (`read_*`), or by having sent (`sent_*`)."""

    read_seq: int = 0
    read_messages: int = 0
    delivered_seq: int = 0
    written_at: int = 0
    """Write timestamp of what was read and delivered, microseconds; grows whenever one of them does."""
    sent_seq: int = 0
    sent_messages: int = 0


type CursorKey = tuple[ConversationId, UserId]
"""Whose cursor it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """A member has read, or been shown, everything up to and including these places; 0 says nothing."""

    conversation_id: ConversationId
    user_id: UserId
    read_seq: int = 0
    delivered_seq: int = 0
    connection_id: ConnectionId | None = None
    """The connection that said so: it need not be told."""
    device_id: DeviceId | None = None
    """The device that said so, by a connection or not: it knows what it has read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptRecord:
    """A receipt as it lies in the log."""

    receipt: Receipt
    at: int
    """The log's timestamp, milliseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a member has come, as others may see it; None: not shown, or not changed."""

    user_id: UserId
    read_seq: int | None = None
    delivered_seq: int | None = None


def goes(batch: Sequence[ReceiptRecord]) -> Sequence[Sequence[ReceiptRecord]]:
    """
    `batch` in rounds, each of which is written together: mostly it is one.

    A member whose receipts lie apart has some in each of several; all others are done with in the first, for the order
    is of one member's alone.
    """
    rounds: list[list[ReceiptRecord]] = []
    begun: dict[CursorKey, tuple[int, int]] = {}
    for record in batch:
        key = record.receipt.conversation_id, record.receipt.user_id
        number, first_at = begun.get(key, (0, record.at))
        if record.at - first_at >= SPAN_MS:
            number, first_at = number + 1, record.at
        begun[key] = number, first_at
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(record)
    return rounds


def advanced(cursor: Cursor, records: Iterable[ReceiptRecord], refused_to: int = 0) -> Cursor:
    """
    `cursor` after `records` of its member, in the log's order; `read_messages` is left for the caller to look up.

    Places are merged by maximum, so the order does not matter to them. `written_at` grows whenever one of them does
    and depends on nothing but the log: what was folded from more of it always carries the later timestamp, so a
    writer that is behind cannot take back, in cells that are last-write-wins, what another has written. Timestamps up
    to `refused_to` the store takes no more.
    """
    for record in records:
        read_seq = max(cursor.read_seq, record.receipt.read_seq)
        delivered_seq = max(cursor.delivered_seq, record.receipt.delivered_seq)
        if (read_seq, delivered_seq) != (cursor.read_seq, cursor.delivered_seq):
            written_at = write_time(cursor.written_at, record.at, refused_to)
            cursor = replace(cursor, read_seq=read_seq, delivered_seq=delivered_seq, written_at=written_at)
    return cursor


def reached(user: UserId, cursor: Cursor, *, at_least: int = 0) -> Progress:
    """How far a member has come: what was sent was read up to there, and what was read was delivered."""
    read_seq = max(cursor.read_seq, cursor.sent_seq, at_least)
    return Progress(user_id=user, read_seq=read_seq, delivered_seq=max(read_seq, cursor.delivered_seq))


def risen(user: UserId, before: Cursor, after: Cursor) -> Progress | None:
    """What of a member's progress is news; None if nothing is."""
    old, new = reached(user, before), reached(user, after)
    if old == new:
        return None
    return Progress(
        user_id=user,
        read_seq=None if new.read_seq == old.read_seq else new.read_seq,
        delivered_seq=None if new.delivered_seq == old.delivered_seq else new.delivered_seq,
    )
