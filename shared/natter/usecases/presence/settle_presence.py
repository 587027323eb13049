"""
Have watchers told how somebody is, whenever that may have changed.

A record of the log, or of the queue, is no more than a reason to look: what is told is what the registry and the traces
say then. So nothing depends on the order or the number of reasons.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from natter.domain.clock import NowMs
from natter.domain.connections import ConnectionChange
from natter.domain.ids import UserId
from natter.domain.presence import PACE_MS, Look, Presence, Watcher, may_be_news
from natter.ports.delivery import Connections
from natter.ports.presence import Acquaintances, LookQueue, PresenceTraces, TellingPace, Watchers
from natter.usecases.accounts.connect import forget_closed
from natter.usecases.presence.read_presence import PresenceNow, Seen
from natter.usecases.presence.tell_watchers import TellWatchers, Watched

TOLD_AT_ONCE = 100
"""Watchers that one batch tells itself, and that one message of the queue is for: what can be posted in a second."""

ATTEMPTS = 3
"""How often watchers are told again who could not be; then they keep what is old until they watch again."""

PACE_S = PACE_MS // 1000
"""How long after watchers were told of a user they are told of them again, however often they change meanwhile."""

REBUILT_S = 10
"""After which somebody is looked at again of whom the registry may have lost connections."""


@dataclass(frozen=True, kw_only=True)
class SettlePresence:
    """
    Tell the watchers of users; more than a batch may spend, and what fails, is left to the queue.

    Nothing is told of changes that show nobody otherwise, and of nobody more often than once a second: what they have
    come to is told then. Of who has no connection and is in their grace nothing is told: they are as they were. They
    are looked at again when it is over, and told of if they have not come back.

    Raises:
        Unavailable: the registry, the database or the queue did not answer in time; do all of it again.
    """

    now: PresenceNow
    traces: PresenceTraces
    connections: Connections
    watchers: Watchers
    acquaintances: Acquaintances
    tell: TellWatchers
    queue: LookQueue
    pace: TellingPace
    ask_for_rebuild: Callable[[], None]
    now_ms: NowMs

    def changed(self, changes: Sequence[ConnectionChange]) -> None:
        """Something happened to connections, in this order."""
        of_user: defaultdict[UserId, list[ConnectionChange]] = defaultdict(list)
        for change in changes:
            of_user[change.connection.user_id].append(change)
            if change.change == "closed":
                forget_closed(change, self.connections, self.traces)
        seen = self.now.seen(of_user)
        self._settle({user: each for user, each in seen.items() if _may_be_news(each, of_user[user])})

    def look(self, look: Look) -> None:
        """It is time to."""
        if look.watchers:
            self._told({look.user_id: look.watchers}, attempt=look.attempt + 1)
            return
        seen = self.now.seen([look.user_id])
        if look.changed or seen[look.user_id].presence.state == "offline" or seen[look.user_id].presence.grace_ms:
            self._settle(seen)
        if seen[look.user_id].presence.state == "offline" and not self.acquaintances.among(
            look.user_id, [look.user_id]
        ):
            self.traces.forget(look.user_id)  # erased meanwhile, and their connection has left these

    def _settle(self, seen: Mapping[UserId, Seen]) -> None:
        forgotten = [user for user, each in seen.items() if each.forgotten]
        known = {user: each.presence for user, each in seen.items() if not each.forgotten}
        due = [user for user, presence in known.items() if not presence.grace_ms]
        told = self.pace.begin(due)
        self._tell(told)
        self._later([user for user in due if user not in told], delay_s=PACE_S)
        if forgotten:
            self.ask_for_rebuild()
            self._later(forgotten, delay_s=REBUILT_S)
        self._wait_for_grace(known.values())

    def _tell(self, users: Collection[UserId]) -> None:
        """The queue takes what is over the first `TOLD_AT_ONCE` watchers."""
        room = TOLD_AT_ONCE
        here: dict[UserId, Sequence[Watcher]] = {}
        later: list[Look] = []
        for user, watchers in self.watchers.of(users).items():
            here[user], beyond = watchers[:room], watchers[room:]
            room -= len(here[user])
            later += [Look(user_id=user, watchers=some) for some in batched(beyond, TOLD_AT_ONCE, strict=False)]
        if later:
            self.queue.add(later)
        self._told(here, attempt=1)

    def _told(self, watched: Watched, *, attempt: int) -> None:
        """Tell them; who could not be told is told again, for the `attempt`-th time."""
        told = self.tell(watched)
        self._later(told.unsettled, delay_s=PACE_S)
        looks = [
            Look(user_id=user, watchers=tuple(watchers), attempt=attempt)
            for user, watchers in told.missed.items()
            if attempt <= ATTEMPTS
        ]
        if looks:
            self.queue.add(looks, delay_s=2**attempt)

    def _later(self, users: Collection[UserId], *, delay_s: int) -> None:
        """
        Have them looked at, once for all who want that until then.

        The message comes first: without it, a mark that says that it is there would be believed. And it says so only
        until the message may be handed out, so whoever believes it has changed before somebody looks.
        """
        awaited = self.pace.awaited(users)
        looks = [Look(user_id=user, changed=True) for user in users if user not in awaited]
        if looks:
            due_at = self.now_ms() + delay_s * 1000
            self.queue.add(looks, delay_s=delay_s)
            self.pace.expect([look.user_id for look in looks], due_at=due_at)

    def _wait_for_grace(self, presences: Iterable[Presence]) -> None:
        waiting: defaultdict[int, list[Look]] = defaultdict(list)
        for presence in presences:
            if presence.grace_ms:
                waiting[math.ceil(presence.grace_ms / 1000)].append(Look(user_id=presence.user_id))
        for delay_s, looks in waiting.items():
            self.queue.add(looks, delay_s=delay_s)


def _may_be_news(seen: Seen, changes: Collection[ConnectionChange]) -> bool:
    devices = {change.connection.device_id for change in changes}
    return may_be_news(seen.connected, seen.traces, devices, min(change.at for change in changes))
