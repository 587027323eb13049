"""Who is to be looked at, because of what, and when."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from natter.domain.ids import UserId
from natter.domain.push.waking import Message

WAVE_USERS = 100
"""Looked at in one go: few enough for one invocation, whatever they are to be told."""

WAVE_MESSAGES = 50
"""The same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidates:
    """Who may have to be woken for a message."""

    message: Message
    users: tuple[UserId, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wave:
    """What is looked at together."""

    candidates: tuple[Candidates, ...] = ()
    badges: tuple[UserId, ...] = ()
    """Those whose other devices may show a number that is not true any more, since they have read something."""
    attempt: int = 0
    """How often a platform has refused somebody of these."""


def waves(candidates: Iterable[Candidates], *, attempt: int = 0) -> Iterator[Wave]:
    """
    Cut them into waves of at most `WAVE_USERS` and `WAVE_MESSAGES`, in their order.

    A mention goes with those only whom it mentions.
    """
    together: list[Candidates] = []
    room = WAVE_USERS
    for each in candidates:
        users = each.users
        while users:
            some, users = users[:room], users[room:]
            together.append(_of(each.message, some))
            room -= len(some)
            if not room or len(together) == WAVE_MESSAGES:
                yield Wave(candidates=tuple(together), attempt=attempt)
                together, room = [], WAVE_USERS
    if together:
        yield Wave(candidates=tuple(together), attempt=attempt)


def only(candidates: Iterable[Candidates], users: AbstractSet[UserId]) -> list[Candidates]:
    """Those of them who are among `users`; without messages for which there are none."""
    few = (replace(each, users=tuple(user for user in each.users if user in users)) for each in candidates)
    return [each for each in few if each.users]


def _of(message: Message, users: tuple[UserId, ...]) -> Candidates:
    return Candidates(message=replace(message, mentions=message.mentions.intersection(users)), users=users)
