"""
Have watchers told how somebody is, whenever that may have changed.

A record of the log, or of the queue, is no more than a reason to look: what is told is what the registry and the traces
say then. So nothing depends on the order or the number of reasons.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import batched

from natter.domain.connections import ConnectionChange
from natter.domain.ids import UserId
from natter.domain.presence import Look, Presence, Watcher
from natter.ports.delivery import Connections
from natter.ports.presence import Acquaintances, LookQueue, PresenceTraces, Watchers
from natter.usecases.accounts.connect import forget_closed
from natter.usecases.presence.read_presence import PresenceNow
from natter.usecases.presence.tell_watchers import TellWatchers, Watched

TOLD_AT_ONCE = 100
"""Watchers that one batch tells itself, and that one message of the queue is for: what can be posted in a second."""

ATTEMPTS = 3
"""How often watchers are told again who could not be; then they keep what is old until they watch again."""


@dataclass(frozen=True, kw_only=True)
class SettlePresence:
    """
    Tell the watchers of users; more than a batch may spend, and what fails, is left to the queue.

    Of who has no connection and is in their grace nothing is told: they are as they were. They are looked at again when
    it is over, and told of if they have not come back.

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

    def changed(self, changes: Sequence[ConnectionChange]) -> None:
        """Something happened to connections, in this order."""
        for change in changes:
            if change.change == "closed":
                forget_closed(change, self.connections, self.traces)
        present = self.now(dict.fromkeys(change.connection.user_id for change in changes))
        self._tell([user for user, presence in present.items() if not presence.grace_ms])
        self._wait_for_grace(present.values())

    def look(self, look: Look) -> None:
        """It is time to."""
        if look.watchers:
            self._again(self.tell({look.user_id: look.watchers}), look.attempt + 1)
            return
        (presence,) = self.now([look.user_id]).values()
        self._wait_for_grace([presence])
        if presence.state == "offline":
            self._tell([look.user_id])
            if not self.acquaintances.among(look.user_id, [look.user_id]):
                self.traces.forget(look.user_id)  # erased meanwhile, and their connection has left these

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
        self._again(self.tell(here), 1)

    def _again(self, missed: Watched, attempt: int) -> None:
        looks = [
            Look(user_id=user, watchers=tuple(watchers), attempt=attempt)
            for user, watchers in missed.items()
            if attempt <= ATTEMPTS
        ]
        if looks:
            self.queue.add(looks, delay_s=2**attempt)

    def _wait_for_grace(self, presences: Iterable[Presence]) -> None:
        waiting: defaultdict[int, list[Look]] = defaultdict(list)
        for presence in presences:
            if presence.grace_ms:
                waiting[math.ceil(presence.grace_ms / 1000)].append(Look(user_id=presence.user_id))
        for delay_s, looks in waiting.items():
            self.queue.add(looks, delay_s=delay_s)
