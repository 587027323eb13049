"""
Move the cursors of members to where they say they are, and show it to who may know.

Merged by maximum and stored before anybody is told; a batch that comes again changes nothing (P6, P9).
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from natter.domain.errors import Unavailable
from natter.domain.ids import ConnectionId, ConversationId
from natter.domain.receipts import MAX_READERS_SHOWN, Cursor, CursorKey, Progress, ReceiptRecord, advanced, risen
from natter.ports.conversations import Admission
from natter.ports.frames import Frames
from natter.ports.messages import EventStore
from natter.ports.reading import Timeline
from natter.usecases.delivery.tell import Notice, Tell

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A member has come further."""

    progress: Progress
    said_by: ConnectionId | None
    """The connection that said so; None if several did, or none."""


@dataclass(frozen=True, kw_only=True)
class FoldReceipts:
    """
    Fold one in-order batch of a partition: one read and one write for each member it speaks of.

    What lies beyond the head is refused before it comes into the log; should it be there all the same, it moves
    nothing, and nothing behind it waits.

    Raises:
        Unavailable: give the whole batch back; folding it again is safe.
    """

    timeline: Timeline
    store: EventStore
    admission: Admission
    frames: Frames
    tell: Tell

    def __call__(self, batch: Sequence[ReceiptRecord]) -> None:
        by_member: dict[CursorKey, list[ReceiptRecord]] = {}
        for record in self._possible(batch):
            key = record.receipt.conversation_id, record.receipt.user_id
            by_member.setdefault(key, []).append(record)
        stored = self.timeline.cursors(by_member.keys())
        before = {key: stored.get(key, Cursor()) for key in by_member}
        after = self._counted(before, {key: advanced(before[key], records) for key, records in by_member.items()})
        if after:
            self.store.write_cursors(after)
        moves: dict[ConversationId, list[Move]] = {}
        for (conversation, user), cursor in after.items():
            key = conversation, user
            progress = risen(user, before[key], cursor)
            if progress is not None:
                move = Move(progress=progress, said_by=_only_connection(by_member[key]))
                moves.setdefault(conversation, []).append(move)
        self._show(moves)

    def _possible(self, batch: Sequence[ReceiptRecord]) -> list[ReceiptRecord]:
        heads = self.timeline.heads({record.receipt.conversation_id for record in batch})
        possible = []
        for record in batch:
            receipt = record.receipt
            head = heads.get(receipt.conversation_id)
            if head is not None and max(receipt.read_seq, receipt.delivered_seq) <= head.seq:
                possible.append(record)
            else:
                _logger.error("a receipt in %s is beyond its head", receipt.conversation_id)
        return possible

    def _counted(
        self, before: Mapping[CursorKey, Cursor], after: Mapping[CursorKey, Cursor]
    ) -> dict[CursorKey, Cursor]:
        """The cursors that have moved, with how many messages there are up to what was read."""
        moved = {key: cursor for key, cursor in after.items() if cursor != before[key]}
        places = {
            (conversation, cursor.read_seq)
            for (conversation, user), cursor in moved.items()
            if cursor.read_seq != before[conversation, user].read_seq
        }
        messages = self.timeline.messages_at(places) if places else {}
        return {
            (conversation, user): replace(
                cursor, read_messages=messages.get((conversation, cursor.read_seq), cursor.read_messages)
            )
            for (conversation, user), cursor in moved.items()
        }

    def _show(self, moves: Mapping[ConversationId, Sequence[Move]]) -> None:
        """Best effort: what nobody is told now is in the cursors all the same."""
        if not moves:
            return
        try:
            notices = [notice for conversation, moved in moves.items() for notice in self._notices(conversation, moved)]
        except Unavailable as error:
            _logger.warning("receipts are not shown: %s", error)
        else:
            self.tell.all(notices)

    def _notices(self, conversation: ConversationId, moves: Sequence[Move]) -> Iterable[Notice]:
        """Their own to their other devices; to the others of a small conversation, what they may know."""
        roster = self.admission.roster(conversation)
        for move in moves:
            user = move.progress.user_id
            if user in roster.roles:
                yield Notice(frame=self.frames.receipts(conversation, [move.progress]), users=[user], but=move.said_by)
        if len(roster.roles) > MAX_READERS_SHOWN:
            return
        shown = [
            move.progress if roster.kind == "direct" else replace(move.progress, delivered_seq=None)
            for move in moves
            if move.progress.user_id in roster.roles and (roster.kind == "direct" or move.progress.read_seq is not None)
        ]
        movers = {progress.user_id for progress in shown}
        for users in ([each for each in roster.roles if each not in movers], *([each] for each in sorted(movers))):
            others = [progress for progress in shown if progress.user_id not in users]
            if users and others:
                yield Notice(frame=self.frames.receipts(conversation, others), users=users)


def _only_connection(records: Iterable[ReceiptRecord]) -> ConnectionId | None:
    connections = {record.receipt.connection_id for record in records}
    return connections.pop() if len(connections) == 1 else None
