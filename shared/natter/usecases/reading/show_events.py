"""Events as a reader is shown them: each message as it is by now."""

from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event
from natter.domain.reading.pages import Effects, as_of, last_edits, marks_of, targets_of
from natter.ports.reading import Timeline


@dataclass(frozen=True, kw_only=True)
class ShowEvents:
    """
    Look up what has become of the messages among some events of one conversation. By keys: where nothing has happened
    to them, nothing is read, and never more than a few rows for each.

    Raises:
        Unavailable: the store did not answer in time.
    """

    timeline: Timeline

    def __call__(
        self, reader: UserId, conversation: ConversationId, events: Sequence[Event], *, state_seq: int
    ) -> Sequence[Event]:
        """`events` as of the event at `state_seq`."""
        targets = [(conversation, seq) for seq in sorted(targets_of(events))]
        found = self.timeline.states(targets, up_to=state_seq) if targets else {}
        states = {seq: state for (_, seq), state in found.items()}
        here = {event.seq: event for event in events}
        elsewhere = [(conversation, seq) for seq in sorted(last_edits(states.values()) - here.keys())]
        edits = {seq: event for (_, seq), event in self.timeline.events_at(elsewhere).items()} if elsewhere else {}
        marks = marks_of(conversation, states, reader)
        effects = Effects(
            states=states,
            edits={**here, **edits},
            marks=self.timeline.marks(marks, up_to=state_seq) if marks else {},
        )
        return as_of(events, effects, reader=reader)
