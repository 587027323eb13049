"""How others are shown to somebody."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.ids import DeviceId, UserId
from natter.domain.presence import Presence, Traces, presence_of
from natter.ports.delivery import Connections
from natter.ports.presence import Acquaintances, PresenceTraces


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """How somebody is, and what that follows from."""

    presence: Presence
    connected: frozenset[DeviceId]
    traces: Traces
    forgotten: bool
    """The registry may have lost connections of theirs, and has not been rebuilt since."""


@dataclass(frozen=True, kw_only=True)
class PresenceNow:
    """
    How users are right now, in the order given, whoever asks.

    Raises:
        Unavailable: the registry did not answer in time.
    """

    connections: Connections
    traces: PresenceTraces
    now_ms: NowMs

    def __call__(self, users: Collection[UserId]) -> Mapping[UserId, Presence]:
        return {user: seen.presence for user, seen in self.seen(users).items()}

    def seen(self, users: Collection[UserId]) -> Mapping[UserId, Seen]:
        found = self.connections.look_up(users)  # before their traces: who leaves has left one first
        traces, now = self.traces.of(users), self.now_ms()
        seen = {}
        for user in users:
            connected = frozenset(each.device_id for each in found.connections.get(user, ()))
            seen[user] = Seen(
                presence=presence_of(user, connected, traces[user], now),
                connected=connected,
                traces=traces[user],
                forgotten=user in found.forgotten,
            )
        return seen


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
