"""
Of which files a batch changes who shows them.

They are told to the queue before anything of the batch is written: as long as no row is, a replay finds the message
as it was and tells them again; as soon as one is, all of them have been told (P1). So nothing of them has to be kept.
Who takes them out of the queue waits until the fold has come to their place in the log.
"""

from collections.abc import Mapping, Sequence
from itertools import batched

from natter.domain.attachments import UnsettledFiles, attachment_of
from natter.domain.fold.conversation import Conversation, Decision
from natter.domain.fold.writes import Place
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.events import Event
from natter.ports.reading import Timeline

FILES_AT_ONCE = 20
"""Of one message of the queue: as many as one frame can show."""

READ_AT_ONCE = 100
"""Events, of 24 KB each: all that the messages of a batch of deletions ever said is more than there is memory."""


def unsettled_files(
    decisions: Sequence[Decision], touched: Mapping[ConversationId, Conversation], timeline: Timeline
) -> Sequence[UnsettledFiles]:
    """
    What messages show from `decisions` on, and what those have shown that are deleted or edited by them: these are not
    written yet, but `touched`, the conversations, know of them.

    Raises:
        Unavailable: the store did not answer. It is asked only if something is deleted or edited.
    """
    happened = [decision.event for decision in decisions if decision.event is not None]
    named = {_place(event): _named_by(event, touched[event.conversation_id]) for event in happened}
    shown = {_place(event): attachment_of(event) for event in happened}
    before = {place for places in named.values() for place in places} - shown.keys()
    for some in batched(sorted(before), READ_AT_ONCE, strict=False):
        shown |= {place: attachment_of(event) for place, event in timeline.events_at(some).items()}
    files: dict[tuple[ConversationId, UserId], dict[AttachmentId, None]] = {}
    for event in happened:
        found = dict.fromkeys(file for place in named[_place(event)] if (file := shown.get(place)) is not None)
        if found:
            uploader = _author(event, touched[event.conversation_id])
            files.setdefault((event.conversation_id, uploader), {}).update(found)
    return [
        UnsettledFiles(
            conversation_id=conversation_id,
            uploader=uploader,
            attachments=some,
            position=touched[conversation_id].head.position,
        )
        for (conversation_id, uploader), found in files.items()
        for some in batched(found, FILES_AT_ONCE, strict=False)
    ]


def _named_by(event: Event, conversation: Conversation) -> Sequence[Place]:
    """The places that say which files `event` lets be shown, or be shown no more."""
    if event.type == "message":
        return [_place(event)]
    if event.type not in {"edit", "delete"}:
        return []
    target_seq = event.payload["target_seq"]
    said = [target_seq, *(seq for seq in conversation.targets[target_seq].state.edits if seq < event.seq)]
    seqs = [said[-1], event.seq] if event.type == "edit" else said
    return [(event.conversation_id, seq) for seq in seqs]


def _author(event: Event, conversation: Conversation) -> UserId:
    """Who has uploaded what the message shows."""
    if event.type == "message":
        return event.sender_id
    return conversation.targets[event.payload["target_seq"]].sender_id


def _place(event: Event) -> Place:
    return event.conversation_id, event.seq
