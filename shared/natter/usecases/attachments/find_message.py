"""Find out which message shows a file: the fold has written down where to look, the message itself says whether."""

from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.attachments import attachment_of
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.events import Event
from natter.ports.reading import Timeline
from natter.usecases.reading.show_events import ShowEvents

AT_ONCE = 20
MOST = 200
"""Messages looked at: more that show the file no longer are there only while `SettleFiles` is behind."""

NOBODY = UserId("nobody")
"""What a message shows does not depend on who looks at it, but for their reactions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    message: Event | None
    """The last message that shows the file, as it is shown; None: none does, of those that were looked at."""
    stale: Sequence[int]
    """Places that show it no longer."""
    is_all: bool
    """Whether it was found, or there is no other message to be looked at."""


@dataclass(frozen=True, kw_only=True)
class FindMessage:
    """
    As of a head that was read before, in a bounded number of reads.

    So a message that is deleted, or shows something else, takes its file away in the very moment; whoever retries it,
    and what the fold has refused, brings nothing back.
    """

    timeline: Timeline

    def __call__(self, conversation: ConversationId, attachment: AttachmentId, *, first: int, head_seq: int) -> Found:
        """Among the messages at places `first` to `head_seq`."""
        stale: list[int] = []
        last = head_seq
        while len(stale) < MOST:
            seqs = self.timeline.places_of_file(conversation, attachment, first, last, limit=AT_ONCE)
            showing = self._showing(conversation, attachment, seqs, head_seq)
            stale += [seq for seq in seqs if seq not in showing]
            if showing:
                return Found(message=showing[max(showing)], stale=stale, is_all=True)
            if len(seqs) < AT_ONCE:
                return Found(message=None, stale=stale, is_all=True)
            last = seqs[-1] - 1
        return Found(message=None, stale=stale, is_all=False)

    def _showing(
        self, conversation: ConversationId, attachment: AttachmentId, seqs: Sequence[int], head_seq: int
    ) -> dict[int, Event]:
        """Those of the messages at `seqs` that show it, by place."""
        events = self.timeline.events_at([(conversation, seq) for seq in seqs]) if seqs else {}
        messages = [event for event in events.values() if event.type == "message"]
        shown = ShowEvents(timeline=self.timeline)(NOBODY, conversation, messages, state_seq=head_seq)
        return {event.seq: event for event in shown if attachment_of(event) == attachment}
