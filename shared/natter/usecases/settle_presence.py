"""
Tell watchers how somebody is, whenever that may have changed.

A record of the log, or a message of the grace queue, is no more than a reason to look: what is told is what the
registry and the traces say then. So nothing depends on the order or the number of reasons.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import batched

from natter.domain.errors import Unavailable
from natter.domain.ids import UserId
from natter.domain.presence import MAX_WATCHED, Presence, PresenceState
from natter.ports.presence import Acquaintances, GraceQueue, PresenceFrames, PresenceTraces, Watcher, Watchers
from natter.usecases.read_presence import PresenceNow
from natter.usecases.tell import Notice, Tell

ROUNDS = 3
"""How often watchers are told of users who change faster than they can be told."""


@dataclass(frozen=True, kw_only=True)
class SettlePresence:
    """
    Look at users; where they are not as was told last, tell those who watch them and may see them (P8).

    After watchers were told it is looked again: of several that tell of one user at the same time, whoever is last
    finds out. Who is interrupted is noted not to have told, and whoever looks next does; if another had told meanwhile,
    watchers may keep what is old until they watch again, ten minutes at most.

    Whose grace is running is looked at again when it is over.

    Raises:
        Unavailable: the registry, the database or the queue did not answer in time, or there is more news than could
            be told; do all of it again.
    """

    now: PresenceNow
    traces: PresenceTraces
    acquaintances: Acquaintances
    watchers: Watchers
    grace: GraceQueue
    frames: PresenceFrames
    tell: Tell

    def __call__(self, users: Collection[UserId]) -> None:
        told: dict[UserId, PresenceState | None] = {user: each.told for user, each in self.traces.of(users).items()}
        present = self.now(told)
        self._wait_for_grace(present.values())
        for _ in range(ROUNDS):
            news = {user: presence for user, presence in present.items() if presence.state != told[user]}
            if not news:
                return
            self._tell(news)
            told = {user: presence.state for user, presence in news.items()}
            present = self.now(told)
        raise Unavailable("presence")

    def _wait_for_grace(self, presences: Iterable[Presence]) -> None:
        waiting: defaultdict[int, list[UserId]] = defaultdict(list)
        for presence in presences:
            if presence.grace_ms:
                waiting[math.ceil(presence.grace_ms / 1000)].append(presence.user_id)
        for delay_s, users in waiting.items():
            self.grace.add(users, delay_s=delay_s)

    def _tell(self, news: Mapping[UserId, Presence]) -> None:
        self.traces.note_told(dict.fromkeys(news))
        shown: defaultdict[Watcher, list[Presence]] = defaultdict(list)
        for user, watchers in self.watchers.of(news).items():
            visible = self.acquaintances.among(user, {watcher.user_id for watcher in watchers})
            for watcher in watchers:
                if watcher.user_id in visible:
                    shown[watcher].append(news[user])
        self.tell.all(
            [
                Notice(frame=self.frames.presence(some), users=[watcher.user_id], only=watcher.connection_id)
                for watcher, presences in shown.items()
                for some in batched(presences, MAX_WATCHED, strict=False)
            ]
        )
        self.traces.note_told({user: presence.state for user, presence in news.items()})
