"""How others are shown to somebody."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from natter.domain.ids import UserId
from natter.domain.presence import Presence, presence_of
from natter.ports.delivery import Connections
from natter.ports.presence import Acquaintances, PresenceTraces


@dataclass(frozen=True, kw_only=True)
class PresenceNow:
    """
    How users are right now, in the order given, whoever asks.

    Raises:
        Unavailable: the registry did not answer in time.
    """

    connections: Connections
    traces: PresenceTraces
    now_ms: Callable[[], int]

    def __call__(self, users: Collection[UserId]) -> Mapping[UserId, Presence]:
        connected = self.connections.of(users)  # before their traces: who leaves has left one first
        traces, now = self.traces.of(users), self.now_ms()
        return {
            user: presence_of(user, {each.device_id for each in connected.get(user, ())}, traces[user], now)
            for user in users
        }


@dataclass(frozen=True, kw_only=True)
class ReadPresence:
    """
    Those of others whom the asking user may see (P8), in the order asked for.

    Raises:
        Unavailable: the database or the registry did not answer in time.
    """

    acquaintances: Acquaintances
    now: PresenceNow

    def __call__(self, user: UserId, others: Collection[UserId]) -> Sequence[Presence]:
        return list(self.now(visible_to(user, others, self.acquaintances)).values())


def visible_to(user: UserId, others: Collection[UserId], acquaintances: Acquaintances) -> Sequence[UserId]:
    """Those of `others` whom `user` may see, each once, in the order given."""
    visible = acquaintances.among(user, others)
    return [other for other in dict.fromkeys(others) if other in visible]
