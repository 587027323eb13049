"""Find out which message shows a file: the fold has written down where to look, the message itself says whether."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from natter.domain.attachments import attachment_of
from natter.domain.ids import AttachmentId, ConversationId
from natter.domain.messages.events import Event
from natter.domain.reading.pages import as_of
from natter.ports.reading import Timeline

AT_ONCE = 20
MOST = 200
"""Messages looked at: more that show the file no longer are there only while `SettleFiles` is behind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    message: Event | None
    """The last message that shows the file, as it is shown; None: none does, of those that were looked at."""
    stale: Sequence[int]
    """Places of messages that show it no longer."""
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
            for message in self._messages(conversation, seqs, head_seq):
                if attachment_of(message) == attachment:
                    return Found(message=message, stale=stale, is_all=True)
                stale.append(message.seq)
            if len(seqs) < AT_ONCE:
                return Found(message=None, stale=stale, is_all=True)
            last = seqs[-1] - 1
        return Found(message=None, stale=stale, is_all=False)

    def _messages(self, conversation: ConversationId, seqs: Sequence[int], head_seq: int) -> Iterable[Event]:
        """As they are shown; whose reactions, it does not matter."""
        places = [(conversation, seq) for seq in seqs]
        events = self.timeline.events_at(places) if places else {}
        effects = self.timeline.effects_on(places) if places else {}
        for place in places:
            yield from as_of([events[place]], effects[place], reader=events[place].sender_id, state_seq=head_seq)
