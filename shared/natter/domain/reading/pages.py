"""
What a page shows of its events: each message as the effects upon it have left it, up to one place.

Pure. It ends where a client ends that takes the events one by one as they happen (P2).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event, JsonObject
from natter.domain.messages.states import NO_STATE, MarkKey, MessageState, Reaction, is_set, needs_mark


@dataclass(frozen=True, kw_only=True, slots=True)
class Effects:
    """What has to be known to show events, beside themselves; as of one place."""

    states: Mapping[int, MessageState] = field(default_factory=dict)
    """Of the messages in `targets_of`; those to which nothing has happened are missing."""
    edits: Mapping[int, Event] = field(default_factory=dict)
    """The events in `last_edits`."""
    marks: Mapping[MarkKey, bool] = field(default_factory=dict)
    """Those in `marks_of`."""


def targets_of(events: Iterable[Event]) -> Collection[int]:
    """Of which messages the state has to be known: those of the page that were changed, and what its edits point at."""
    changed = {event.seq for event in events if event.type == "message" and event.amended_by}
    return changed | {event.payload["target_seq"] for event in events if event.type == "edit"}


def last_edits(states: Iterable[MessageState]) -> Collection[int]:
    """Places of the events that say what edited messages say."""
    return {state.edits[-1] for state in states if state.edits and state.deleted_at is None}


def marks_of(conversation: ConversationId, states: Mapping[int, MessageState], reader: UserId) -> Collection[MarkKey]:
    """What tells whether the reader has set reactions whose users are not all named."""
    return [
        MarkKey(conversation_id=conversation, target_seq=seq, reaction=each.reaction, user_id=reader)
        for seq, state in states.items()
        for each in state.reactions
        if needs_mark(each, reader)
    ]


def as_of(events: Iterable[Event], effects: Effects, *, reader: UserId) -> list[Event]:
    """
    `events` as `reader` is shown them.

    What lies above the place that `effects` are of does not count, but it may have deleted words already: they are not
    shown as if they were still there.
    """
    return [_shown(event, effects, reader) for event in events]


def _shown(event: Event, effects: Effects, reader: UserId) -> Event:
    if event.type == "message":
        return replace(event, payload=_message(event, effects, reader))
    if event.type == "edit" and "content" in event.payload:
        target_seq = event.payload["target_seq"]
        state = effects.states.get(target_seq, NO_STATE)
        if state.deleted_at is not None or state.edits[-1:] != (event.seq,):
            return replace(event, payload={"target_seq": target_seq})
    return event


def _message(event: Event, effects: Effects, reader: UserId) -> JsonObject:
    if "deleted_at" in event.payload:
        return event.payload
    state = effects.states.get(event.seq, NO_STATE)
    if state.deleted_at is not None:  # it was read before its words were emptied
        return {"deleted_at": state.deleted_at}
    payload = dict(event.payload)
    if state.edits:
        edit = effects.edits.get(state.edits[-1])
        if edit is None or "content" not in edit.payload:  # a deletion that is only half written has emptied it
            return {"deleted_at": event.at}
        payload |= {"content": edit.payload["content"], "edited_at": state.edited_at}
    if state.reactions:
        payload["reactions"] = [_reaction(event, each, effects.marks, reader, state) for each in state.reactions]
    return payload


def _reaction(
    event: Event, reaction: Reaction, marks: Mapping[MarkKey, bool], reader: UserId, state: MessageState
) -> JsonObject:
    key = MarkKey(
        conversation_id=event.conversation_id, target_seq=event.seq, reaction=reaction.reaction, user_id=reader
    )
    return {
        "reaction": reaction.reaction,
        "count": reaction.count,
        "mine": is_set(state, key, marks),
        "user_ids": list(reaction.users),
    }
