"""Who is to be looked at, because of what, and when."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import batched

from natter.domain.ids import ConversationId, UserId
from natter.domain.push.waking import Message

WAVE_USERS = 100
"""Looked at in one go: few enough for one read of each store."""

WAVE_MESSAGES = 20
"""The same; ten such waves fit into one call of the queue."""

WAVE_BADGES = 20
"""People whose numbers are counted together."""

CROWD = 20
"""What more people than these may have to be woken for waits in a queue of its own, where it is in nobody's way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidates:
    """Who may have to be woken for which messages of one conversation: each of them for each of these."""

    messages: tuple[Message, ...]
    users: tuple[UserId, ...]

    @property
    def conversation_id(self) -> ConversationId:
        return self.messages[0].conversation_id

    @property
    def pairs(self) -> int:
        return len(self.messages) * len(self.users)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wave:
    """What is looked at together."""

    candidates: tuple[Candidates, ...] = ()
    badges: tuple[UserId, ...] = ()
    """Those whose other devices may show a number that is not true any more, since they have read something."""
    attempt: int = 0
    """How often a platform has refused somebody of these."""
    crowd: bool = False
    """It is for a crowd, as is all that is put off of it."""
    not_before: int = 0
    """Nobody is looked at until then (milliseconds), though it may be handed out earlier."""


def waves(candidates: Iterable[Candidates], *, attempt: int = 0, crowd: bool = False) -> Iterator[Wave]:
    """
    Cut them into waves of at most `WAVE_USERS` and `WAVE_MESSAGES`, in their order.

    What is looked up is looked up for each of the people once, so all messages of somebody stay together.
    A mention goes with those only whom it mentions.
    """
    together: list[Candidates] = []
    people = said = 0
    for each in candidates:
        for messages in batched(each.messages, WAVE_MESSAGES, strict=False):
            users = each.users
            while users:
                if people == WAVE_USERS or said + len(messages) > WAVE_MESSAGES:
                    yield Wave(candidates=tuple(together), attempt=attempt, crowd=crowd)
                    together, people, said = [], 0, 0
                some, users = users[: WAVE_USERS - people], users[WAVE_USERS - people :]
                together.append(_of(messages, some))
                people += len(some)
                said += len(messages)
    if together:
        yield Wave(candidates=tuple(together), attempt=attempt, crowd=crowd)


def only(candidates: Iterable[Candidates], users: AbstractSet[UserId]) -> list[Candidates]:
    """Those of them who are among `users`; without messages for which there are none."""
    few = (replace(each, users=tuple(user for user in each.users if user in users)) for each in candidates)
    return [each for each in few if each.users]


def _of(messages: tuple[Message, ...], users: tuple[UserId, ...]) -> Candidates:
    told = tuple(replace(each, mentions=each.mentions.intersection(users)) for each in messages)
    return Candidates(messages=told, users=users)
