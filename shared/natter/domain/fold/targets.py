"""What a command sees of the event that it points at."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from natter.domain.ids import UserId
from natter.domain.messages.commands import Amendment, DeleteMessage, EditMessage, React
from natter.domain.messages.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """The event at `seq` changed what its target says."""

    seq: int
    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """An event that a command points at."""

    type: str
    sender_id: UserId
    deleted: bool = False
    edits: frozenset[int] = frozenset()
    """Places of the events that edited it: their words go when it is deleted."""


def target_as_of(event: Event | None, effects: Iterable[Effect], seq: int) -> Target | None:
    """What a command sees of `event` when the head is at `seq`; what lies above it has not happened yet."""
    if event is None or event.seq > seq:
        return None
    happened = [effect for effect in effects if effect.seq <= seq]
    return Target(
        type=event.type,
        sender_id=event.sender_id,
        deleted=any(effect.type == "delete" for effect in happened),
        edits=frozenset(effect.seq for effect in happened if effect.type == "edit"),
    )


def amended(target: Target, item: Amendment, event: Event) -> Target:
    """`target` after `event`, which `item` became."""
    match item:
        case EditMessage():
            return replace(target, edits=target.edits | {event.seq})
        case DeleteMessage():
            return replace(target, deleted=True)
        case React():
            return target
