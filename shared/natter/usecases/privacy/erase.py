"""Carry out the erasures that were asked for, step by step; whatever interrupts it, the next run goes on."""

import logging
from dataclasses import dataclass

from natter.domain.budgets import SWEEP_MS
from natter.domain.clock import NowMs
from natter.domain.ids import UserId
from natter.ports.delivery import Connections
from natter.ports.presence import PresenceTraces, Watchers
from natter.ports.privacy import Archives, Erasures
from natter.ports.push import ShownBadges
from natter.usecases.accounts.end_session import EndSessions
from natter.usecases.privacy.empty_words import EmptyWords
from natter.usecases.privacy.leave_for_good import LeaveForGood

_logger = logging.getLogger(__name__)

LIMIT = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    done: int
    failed: int
    """Those that the next run has to try again."""
    oldest_ms: int
    """How long ago the oldest was asked for that is not done; 0: all are."""


@dataclass(frozen=True, kw_only=True)
class Erase:
    """
    All that is to be erased, the longest waiting first. One that fails does not hold up the others.

    Every step may be repeated, and says itself where it has come to. What is left after the budget waits for the
    next run.

    Raises:
        Unavailable: the database did not answer in time.
    """

    erasures: Erasures
    end_sessions: EndSessions
    connections: Connections
    traces: PresenceTraces
    watchers: Watchers
    archives: Archives
    badges: ShownBadges
    leave: LeaveForGood
    empty: EmptyWords
    now_ms: NowMs
    budget_ms: int = SWEEP_MS

    def __call__(self) -> Erased:
        deadline = self.now_ms() + self.budget_ms
        done = failed = 0
        for erasure in self.erasures.unfinished(limit=LIMIT):
            if self.now_ms() >= deadline:
                break
            try:
                done += self._erased(erasure.user_id, deadline)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others go on
                _logger.warning("not erased: %s", type(error).__name__, extra={"user_id": erasure.user_id})
                failed += 1
        left = self.erasures.unfinished(limit=1)
        oldest_ms = max((self.now_ms() - erasure.requested_at for erasure in left), default=0)
        return Erased(done=done, failed=failed, oldest_ms=oldest_ms)

    def _erased(self, user: UserId, deadline: int) -> bool:
        """False: the next run goes on, when the log has been folded or there is time."""
        self.end_sessions(user)
        self.erasures.forget(user)
        self.archives.erase(user)
        for connection in self.connections.of([user]).get(user, ()):
            self.connections.unregister(connection)
        self.watchers.forget(user)
        emptyings = self.erasures.emptyings(user)
        for emptying in emptyings:
            if not emptying.told:
                self.leave(user, emptying.conversation_id)
        for emptying in emptyings:
            if self.now_ms() >= deadline:
                return False
            self.empty(user, emptying, deadline=deadline)
        self.traces.forget(user)  # late: a connection that is closed leaves one more
        self.badges.forget(user)  # so does a push that was under way
        return self.erasures.finish(user, at=self.now_ms())
