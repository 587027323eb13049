"""
Which files go with the messages that a batch deletes.

They are told to the queue before anything of the batch is written: as long as no row is, a replay finds the message
as it was and tells them again; as soon as one is, all of them have been told (P1). So nothing of them has to be kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import batched

from natter.domain.attachments import ForgottenFiles, attachment_of
from natter.domain.fold.conversation import Conversation, Decision
from natter.domain.fold.writes import Place
from natter.domain.ids import AttachmentId, ConversationId
from natter.domain.messages.events import Event
from natter.ports.reading import Timeline

FILES_AT_ONCE = 100
"""Of one message of the queue."""


def forgotten_files(
    decisions: Sequence[Decision], touched: Mapping[ConversationId, Conversation], timeline: Timeline
) -> Sequence[ForgottenFiles]:
    """
    What the messages have shown, first and last, that are deleted by `decisions`: these are not written yet, but
    `touched`, the conversations, know of them.

    Raises:
        Unavailable: the store did not answer. It is asked only if something is deleted.
    """
    happened = [decision.event for decision in decisions if decision.event is not None]
    said = {
        (event.conversation_id, event.payload["target_seq"]): _said(event, touched[event.conversation_id])
        for event in happened
        if event.type == "delete"
    }
    here: dict[Place, Event] = {(event.conversation_id, event.seq): event for event in happened}
    before = {place for places in said.values() for place in places} - here.keys()
    events = {**(timeline.events_at(sorted(before)) if before else {}), **here}
    return [
        ForgottenFiles(conversation_id=conversation_id, attachments=tuple(some))
        for (conversation_id, _), places in said.items()
        for some in batched(_files(events[place] for place in places if place in events), FILES_AT_ONCE, strict=False)
    ]


def _said(deletion: Event, conversation: Conversation) -> Sequence[Place]:
    """The places at which the message was said, and said otherwise."""
    target_seq = deletion.payload["target_seq"]
    edits = conversation.targets[target_seq].state.edits
    return [(deletion.conversation_id, seq) for seq in (target_seq, *edits)]


def _files(events: Iterable[Event]) -> Sequence[AttachmentId]:
    return list(dict.fromkeys(file for event in events if (file := attachment_of(event)) is not None))
