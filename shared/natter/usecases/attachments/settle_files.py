"""Keep the files that messages show, and discard those that none shows any more."""

from collections.abc import Mapping
from dataclasses import dataclass

from natter.domain.attachments import UnsettledFiles
from natter.domain.clock import NowMs
from natter.domain.errors import Unavailable
from natter.domain.fold.writes import ForgottenFileRow
from natter.domain.ids import AttachmentId
from natter.domain.messages.events import Head
from natter.ports.attachments import Attachments
from natter.ports.messages import EventStore
from natter.ports.reading import Timeline
from natter.usecases.attachments.find_message import FindMessage, Found

ROUNDS = 3
PRUNED_WITHIN_MS = 24 * 3600 * 1000
"""Rows of a head that is older are left: Keyspaces takes no write timestamp from more than two days ago."""


@dataclass(frozen=True, kw_only=True)
class SettleFiles:
    """
    What is to be done does not follow from what was asked, but from the tables as they are now: so it may be asked
    more than once, in any order, by several at a time. Whoever has done something looks again afterwards; whoever
    comes to no end is asked again.

    Of somebody who is erased no message shows anything any more, though its words may not be emptied yet.

    Raises:
        Unavailable: it is to be asked again. The fold has not come to the place yet, a store did not answer in time,
            it changed all the while, or a file is nowhere that a message shows.
    """

    timeline: Timeline
    store: EventStore
    find: FindMessage
    attachments: Attachments
    now_ms: NowMs

    def __call__(self, files: UnsettledFiles) -> None:
        shown = self._shown(files)
        for _ in range(ROUNDS):
            missing = self.attachments.keep(
                files.conversation_id, files.uploader, [file for file in files.attachments if shown[file]]
            )
            self.attachments.discard(
                files.conversation_id, files.uploader, [file for file in files.attachments if not shown[file]]
            )
            before, shown = shown, self._shown(files)
            if shown == before:
                if missing:
                    raise Unavailable("an attachment that a message shows")
                return
        raise Unavailable("attachments that change all the while")

    def _shown(self, files: UnsettledFiles) -> Mapping[AttachmentId, bool]:
        conversation = files.conversation_id
        head = self.timeline.heads([conversation]).get(conversation)
        if head is None or head.position < files.position:
            raise Unavailable("the fold has not come there yet")
        found = {file: self.find(conversation, file, first=1, head_seq=head.seq) for file in files.attachments}
        self._prune(head, found)
        uploader = conversation, files.uploader
        standing = self.timeline.standings({uploader: head.seq}).get(uploader)
        if standing is not None and standing.erased:
            return dict.fromkeys(files.attachments, False)
        if not all(each.is_all for each in found.values()):
            raise Unavailable("more messages than can be looked at")
        return {file: each.message is not None for file, each in found.items()}

    def _prune(self, head: Head, found: Mapping[AttachmentId, Found]) -> None:
        """
        Forget where the files are shown no longer.

        With the head's timestamp: what was folded up to it is not younger, what is folded later, is.
        """
        rows = [
            ForgottenFileRow(
                conversation_id=head.conversation_id, attachment_id=file, seq=seq, written_at=head.written_at
            )
            for file, each in found.items()
            for seq in each.stale
        ]
        if self._is_old(head):
            return
        try:
            self.store.write(rows)
        except Unavailable:
            raise
        except Exception:
            if not self._is_old(head):  # else it has become so since: a frozen environment notices no time
                raise

    def _is_old(self, head: Head) -> bool:
        return self.now_ms() - head.written_at // 1000 > PRUNED_WITHIN_MS
