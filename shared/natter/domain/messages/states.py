"""
What later events have made of a message.

Pure, and bounded: however often a message is edited and reacted to, its state is one small value. So neither the fold
nor a page ever has to read all that has happened to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from natter.domain.conversations.rosters import ROSTER_EVERY
from natter.domain.ids import ConversationId, UserId

MAX_EDITS = 100
"""Of one message."""

MAX_REACTIONS = 50
"""Different ones that a message carries."""

NAMED_USERS = 20
"""Of those who have set a reaction, so many are named; all are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """
    How much may become of one message, and how often the whole roster of a conversation is stored. Changing what may
    become of a message changes what the log means: only tests use others.
    """

    edits: int = MAX_EDITS
    reactions: int = MAX_REACTIONS
    named: int = NAMED_USERS
    rosters: int = ROSTER_EVERY


BOUNDS = Bounds()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaction:
    """Who has set one reaction to one message."""

    reaction: str
    count: int
    users: tuple[UserId, ...]
    """
    The first of them, in the order of setting. Whoever takes theirs back makes room for the next who sets it. Those
    for whom there was no room have a mark of their own (`Mark`).
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageState:
    """What has become of a message, up to and including the event at `seq`."""

    seq: int = 0
    edits: tuple[int, ...] = ()
    """Places of the events that edited it: the last says what it says, the words of all go when it is deleted."""
    edited_at: int | None = None
    deleted_at: int | None = None
    reactions: tuple[Reaction, ...] = ()
    """In the order in which the first user set each."""

    def edited(self, seq: int, at: int) -> "MessageState":
        return replace(self, seq=seq, edits=(*self.edits, seq), edited_at=at)

    def deleted(self, seq: int, at: int) -> "MessageState":
        return replace(self, seq=seq, deleted_at=at, reactions=())

    def reaction(self, reaction: str) -> Reaction | None:
        return next((each for each in self.reactions if each.reaction == reaction), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkKey:
    """A user and a reaction to a message: only of users whom the message's state does not name."""

    conversation_id: ConversationId
    target_seq: int
    reaction: str
    user_id: UserId


NO_STATE = MessageState()
"""Nothing has happened to it."""


def is_set(state: MessageState, key: MarkKey, marks: Mapping[MarkKey, bool]) -> bool:
    """Whether the user has set the reaction; `marks` knows of users whom the state does not name."""
    found = state.reaction(key.reaction)
    if found is None:
        return False
    return key.user_id in found.users or (needs_mark(found, key.user_id) and marks.get(key, False))


def needs_mark(reaction: Reaction, user: UserId) -> bool:
    """Whether only a mark can tell that `user` has set it."""
    return user not in reaction.users and reaction.count > len(reaction.users)


def reacted(
    state: MessageState, key: MarkKey, *, seq: int, remove: bool, marks: Mapping[MarkKey, bool], bounds: Bounds = BOUNDS
) -> tuple[MessageState, bool | None]:
    """
    The state after the event at `seq` has set, or removed, a reaction; and what the user's mark is from then on, None
    if it stays as it is. Setting what is set, or removing what is not there, changes nothing.
    """
    state = replace(state, seq=seq)
    if is_set(state, key, marks) != remove:
        return state, None
    found = state.reaction(key.reaction) or Reaction(reaction=key.reaction, count=0, users=())
    if not remove:
        is_named = len(found.users) < bounds.named
        users = (*found.users, key.user_id) if is_named else found.users
        changed = replace(found, count=found.count + 1, users=users)
        return _with(state, changed), None if is_named else True
    was_named = key.user_id in found.users
    users = tuple(user for user in found.users if user != key.user_id)
    return _with(state, replace(found, count=found.count - 1, users=users)), None if was_named else False


def _with(state: MessageState, reaction: Reaction) -> MessageState:
    """`reaction` in its place; at the end if it is new, and nowhere if nobody holds it any more."""
    others = [reaction if each.reaction == reaction.reaction else each for each in state.reactions]
    if reaction not in others:
        others.append(reaction)
    return replace(state, reactions=tuple(each for each in others if each.count))
