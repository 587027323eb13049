"""What must hold of cursors and unread counts, checked from the logs, the tables and the trace alone (P6)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from natter.domain.ids import ConversationId
from natter.domain.reading.views import ConversationView
from natter.domain.receipts import Cursor, CursorKey, Receipt, ReceiptRecord
from natter.usecases.reading.view_conversations import ReadHeads, ViewConversations
from tests.memory.head_cache import MemoryHeadCache
from tests.reliability.checker import parsed
from tests.reliability.decisions import record
from tests.reliability.meaning import History, Meaning
from tests.reliability.ports import SteppedTables
from tests.reliability.trace import CursorStored, HeadStored, Noted, Posted, Synced, Trace

Histories = Mapping[ConversationId, History]


def cursor_violations(
    meant: Meaning,
    receipts: Sequence[ReceiptRecord],
    tables: SteppedTables,
    view: type[ViewConversations],
    trace: Trace,
) -> Iterable[str]:
    histories = meant.histories
    said = _said(each.receipt for each in receipts)
    yield from _moved_wrongly(said, trace)
    yield from _ended_elsewhere(said, tables)
    yield from _answered_wrongly(trace)
    yield from _miscounted(histories, trace)
    yield from _miscounted_in_the_end(histories, said, tables, view)


def _said(receipts: Iterable[Receipt]) -> Mapping[CursorKey, tuple[int, int]]:
    """The furthest that each member has ever said to have read, and to have been shown."""
    said: dict[CursorKey, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for receipt in receipts:
        key = receipt.conversation_id, receipt.user_id
        read_seq, delivered_seq = said[key]
        said[key] = max(read_seq, receipt.read_seq), max(delivered_seq, receipt.delivered_seq)
    return said


def _moved_wrongly(said: Mapping[CursorKey, tuple[int, int]], trace: Trace) -> Iterable[str]:
    """No write moves a cursor back, beyond the head, or beyond what was said; nobody is told before."""
    heads: dict[ConversationId, int] = defaultdict(int)
    cursors: dict[CursorKey, Cursor] = defaultdict(Cursor)
    for seen in trace:
        if isinstance(seen, HeadStored):
            conversation, seq = seen.head.conversation_id, seen.head.seq
            if seq < heads[conversation]:
                yield f"{conversation}: the head moved back from {heads[conversation]} to {seq}"
            heads[conversation] = seq
        if isinstance(seen, CursorStored):
            before, after = _covered(cursors[seen.key], heads[seen.key[0]]), seen.cursor
            if any(now < was for was, now in zip(_places(before), _places(after), strict=True)):
                yield f"{seen.key}: the cursor moved back from {before} to {after}"
            if max(after.read_seq, after.delivered_seq) > heads[seen.key[0]]:
                yield f"{seen.key}: {after} is beyond the head at {heads[seen.key[0]]}"
            if (after.read_seq, after.delivered_seq) > said[seen.key] or after.delivered_seq > said[seen.key][1]:
                yield f"{seen.key}: {after}, but all that was said is {said[seen.key]}"
            cursors[seen.key] = after
        if isinstance(seen, Posted):
            yield from _told_too_early(seen.frame, cursors)


def _covered(cursor: Cursor, head: int) -> Cursor:
    """
    What stays of it, whatever happens: what is stored beyond the head is of a go that has not come to its end, and is
    folded again, with later timestamps if the store has come to refuse its own. Readers look no further than the head.
    """
    return cursor if cursor.sent_seq <= head else replace(cursor, sent_seq=head, sent_messages=0)


def _told_too_early(frame: bytes, cursors: Mapping[CursorKey, Cursor]) -> Iterable[str]:
    fields = parsed(frame)
    for receipt in fields.get("receipts", ()):
        cursor = cursors[fields["conversation_id"], receipt["user_id"]]
        read_seq = max(cursor.read_seq, cursor.sent_seq)
        if receipt.get("read_seq", 0) > read_seq or receipt.get("delivered_seq", 0) > max(
            read_seq, cursor.delivered_seq
        ):
            yield f"{fields} was told before {cursor} was more than that"


def _ended_elsewhere(said: Mapping[CursorKey, tuple[int, int]], tables: SteppedTables) -> Iterable[str]:
    """What was said is where the cursor is in the end: the furthest, whatever was said after it."""
    stored = tables.cursors(said.keys())
    for key, places in said.items():
        cursor = stored.get(key, Cursor())
        if (cursor.read_seq, cursor.delivered_seq) != places:
            yield f"{key}: {cursor} in the end, but the furthest that was said is {places}"


def _answered_wrongly(trace: Trace) -> Iterable[str]:
    """A place that was there is not refused, and one that was not there is not accepted (P6)."""
    heads: dict[ConversationId, int] = defaultdict(int)
    for seen in trace:
        if isinstance(seen, HeadStored):
            heads[seen.head.conversation_id] = seen.head.seq
        if isinstance(seen, Noted):
            receipt = seen.receipt
            place = max(receipt.read_seq, receipt.delivered_seq)
            if seen.answer == "bad_request" and place <= seen.head:
                yield f"{receipt} was refused, with the head at {seen.head}"
            if seen.answer is None and place > heads[receipt.conversation_id]:
                yield f"{receipt} was accepted, with the head at {heads[receipt.conversation_id]}"


def _miscounted(histories: Histories, trace: Trace) -> Iterable[str]:
    """Whenever a client syncs, it is shown as many unread messages as there are between its cursor and the head."""
    for seen in trace:
        if isinstance(seen, Synced):
            for view in seen.views:
                unread = _messages(histories, view.record.conversation_id, view.read_seq, view.head.seq)
                if view.unread != unread:
                    yield f"{seen.connection.connection_id} was shown {view}, with {unread} unread"


def _miscounted_in_the_end(
    histories: Histories,
    said: Mapping[CursorKey, tuple[int, int]],
    tables: SteppedTables,
    view: type[ViewConversations],
) -> Iterable[str]:
    """Unread is what stands behind all that a member has said to have read, sent, or found there on joining."""
    views = view(heads=ReadHeads(cache=MemoryHeadCache(), timeline=tables), timeline=tables)
    for conversation, history in histories.items():
        for user, role in history.roles.items():
            (shown,) = views(user, [record(conversation, user, role)])
            sent_seq = max(
                (
                    each.event.seq
                    for each in history.events
                    if each.event.sender_id == user and each.event.type == "message"
                ),
                default=0,
            )
            read_seq = max(said[conversation, user][0], sent_seq, history.joined[user])
            unread = _messages(histories, conversation, read_seq, len(history.events))
            if _progress(shown) != (read_seq, unread):
                yield f"{conversation}: {user} is shown {_progress(shown)}, expected {read_seq} and {unread} unread"


def _messages(histories: Histories, conversation: ConversationId, after: int, last: int) -> int:
    history = histories.get(conversation, History())
    return sum(each.event.type == "message" for each in history.events[after:last])


def _progress(view: ConversationView) -> tuple[int, int]:
    return view.read_seq, view.unread


def _places(cursor: Cursor) -> tuple[int, ...]:
    return cursor.read_seq, cursor.delivered_seq, cursor.sent_seq, cursor.read_messages, cursor.sent_messages
