"""Tell watchers how somebody is now."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from natter.domain.budgets import PRESENCE_S
from natter.domain.clock import NowMs
from natter.domain.connections import Connection
from natter.domain.delivery import Post, PostResult
from natter.domain.ids import ConnectionId, UserId
from natter.domain.presence import Presence, PresenceState, Watcher
from natter.ports.delivery import Connections, Gateway
from natter.ports.frames import Frames
from natter.ports.presence import Acquaintances
from natter.usecases.delivery.pruning import prune
from natter.usecases.presence.read_presence import PresenceNow

ROUNDS = 3
"""How often watchers are told of users who change faster than they can be told."""

type Watched = Mapping[UserId, Collection[Watcher]]
"""Who is to be told, or was not, by whom they watch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What came of telling."""

    missed: Watched
    """Those who could not be told."""
    unsettled: frozenset[UserId]
    """Users of whom the last that was told may not be true any more: they changed faster than could be told."""


@dataclass(frozen=True, kw_only=True)
class TellWatchers:
    """
    Look, tell those who are connected and may see them (P8), and look again until nothing has changed meanwhile.

    So of several that tell of one user at the same time, the last to tell finds out what is true, whatever they had
    seen before; who is interrupted has to do it again. It looks `ROUNDS` times and no more: whoever has changed again
    until then is to be looked at later.

    Raises:
        Unavailable: the registry or the database did not answer in time.
    """

    now: PresenceNow
    acquaintances: Acquaintances
    connections: Connections
    gateway: Gateway
    frames: Frames
    now_ms: NowMs

    def __call__(self, watched: Watched) -> Told:
        told: dict[UserId, PresenceState] = {}
        missed: defaultdict[UserId, set[Watcher]] = defaultdict(set)
        audience = self._audience(watched)
        news: dict[UserId, Presence] = {}
        for _ in range(ROUNDS):
            present = self.now(audience)
            news = {user: presence for user, presence in present.items() if presence.state != told.get(user)}
            if not news:
                break
            for watcher in self._not_told(news, audience):
                for user in news:
                    if watcher in audience[user]:
                        missed[user].add(watcher)
            told |= {user: presence.state for user, presence in news.items()}
        return Told(missed=missed, unsettled=frozenset(news))

    def _audience(self, watched: Watched) -> dict[UserId, dict[Watcher, Connection]]:
        """Of those who are to be told, the connections that are there, of users who may see."""
        everybody = {watcher.user_id for watchers in watched.values() for watcher in watchers}
        connected: dict[tuple[UserId, ConnectionId], Connection] = {
            (user, connection.connection_id): connection
            for user, connections in self.connections.of(everybody).items()
            for connection in connections
        }
        there = {
            user: {
                watcher: connection
                for watcher in watchers
                if (connection := connected.get((watcher.user_id, watcher.connection_id))) is not None
            }
            for user, watchers in watched.items()
        }
        visible = self.acquaintances.among_each(
            {user: {watcher.user_id for watcher in watchers} for user, watchers in there.items()}
        )
        return {
            user: {each: connection for each, connection in watchers.items() if each.user_id in visible[user]}
            for user, watchers in there.items()
        }

    def _not_told(
        self, news: Mapping[UserId, Presence], audience: Mapping[UserId, Mapping[Watcher, Connection]]
    ) -> Sequence[Watcher]:
        """One frame for each connection."""
        shown: defaultdict[Watcher, list[Presence]] = defaultdict(list)
        connections: dict[Watcher, Connection] = {}
        for user, presence in news.items():
            connections |= audience[user]
            for watcher in audience[user]:
                shown[watcher].append(presence)
        posts = [
            Post(connection=connections[watcher], frame=self.frames.presence(presences))
            for watcher, presences in shown.items()
        ]
        results = self.gateway.post(posts, budget_s=PRESENCE_S)
        for post, result in zip(posts, results, strict=True):
            if result is PostResult.GONE:
                prune(self.connections, post.connection, now=self.now_ms())
        return [
            watcher
            for watcher, result in zip(shown, results, strict=True)
            if result in (PostResult.FAILED, PostResult.UNTRIED)
        ]
