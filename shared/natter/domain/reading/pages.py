"""
What a page shows of its events: each message as the effects upon it have left it, up to one place.

Pure. It ends where a client ends that takes the events one by one as they happen (P2).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from natter.domain.ids import UserId
from natter.domain.messages.events import Event, JsonObject

SHOWN_USERS = 20
"""Of those who set a reaction, the first are named; all are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEffect:
    """The event at `seq` changed what the message at `target_seq` says. An empty payload was deleted."""

    target_seq: int
    seq: int
    type: str
    at: int
    sender_id: UserId
    payload: JsonObject


def targets_of(events: Iterable[Event]) -> list[range]:
    """Of which messages the effects have to be known: those of the page, and those that its edits point at."""
    events = list(events)
    messages = {event.seq for event in events if event.type == "message"}
    elsewhere = {event.payload["target_seq"] for event in events if event.type == "edit"} - messages
    page = [range(min(messages), max(messages) + 1)] if messages else []
    others = [range(seq, seq + 1) for seq in sorted(elsewhere) if not page or seq not in page[0]]
    return [*page, *others]


def as_of(
    events: Iterable[Event], effects: Iterable[StoredEffect], *, reader: UserId, state_seq: int
) -> Sequence[Event]:
    """
    `events` as `reader` is shown them when the conversation is folded up to `state_seq`.

    `effects` are all that are stored for `targets_of(events)`, those on one message in the order of their places.
    What lies above `state_seq` does not count, but it may have deleted words already: they are not shown as if
    they were still there.
    """
    states: dict[int, _State] = {}
    for effect in effects:
        states.setdefault(effect.target_seq, _State()).take(effect, state_seq)
    return [_shown(event, states, reader) for event in events]


@dataclass(kw_only=True, slots=True)
class _State:
    """What has become of one message."""

    gone: bool = False
    deleted_at: int | None = None
    edit: StoredEffect | None = None
    """The last one."""
    reactions: dict[str, dict[UserId, None]] = field(default_factory=dict)
    """Who has set each, both in the order of setting."""

    def take(self, effect: StoredEffect, state_seq: int) -> None:
        if effect.type == "delete":
            self.gone = self.gone or effect.seq <= state_seq
            self.deleted_at = effect.at
        elif effect.seq > state_seq:
            return
        elif not effect.payload:
            self.gone = True
        elif effect.type == "edit":
            self.edit = effect
        elif effect.type == "reaction":
            self._react(effect.payload["reaction"], effect.sender_id, removed="removed" in effect.payload)

    def _react(self, reaction: str, user: UserId, *, removed: bool) -> None:
        users = self.reactions.setdefault(reaction, {})
        if removed:
            users.pop(user, None)
        else:
            users.setdefault(user)
        if not users:
            del self.reactions[reaction]


def _shown(event: Event, states: Mapping[int, _State], reader: UserId) -> Event:
    if event.type == "message":
        return replace(event, payload=_message(event, states.get(event.seq, _State()), reader))
    if event.type == "edit" and "content" in event.payload:
        target_seq = event.payload["target_seq"]
        state = states.get(target_seq, _State())
        if state.gone or state.edit is None or state.edit.seq != event.seq:
            return replace(event, payload={"target_seq": target_seq})
    return event


def _message(event: Event, state: _State, reader: UserId) -> JsonObject:
    if "deleted_at" in event.payload:
        return event.payload
    if state.gone:  # the deletion is only half written
        return {"deleted_at": event.at if state.deleted_at is None else state.deleted_at}
    payload = dict(event.payload)
    if state.edit is not None:
        payload |= {"content": state.edit.payload["content"], "edited_at": state.edit.at}
    if state.reactions:
        payload["reactions"] = [
            {
                "reaction": reaction,
                "count": len(users),
                "mine": reader in users,
                "user_ids": list(islice(users, SHOWN_USERS)),
            }
            for reaction, users in state.reactions.items()
        ]
    return payload
