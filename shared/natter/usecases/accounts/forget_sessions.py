from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.ports.accounts import Sessions

KEPT_MS = 24 * 3600 * 1000
"""How long it is known of a session that it has ended: longer than anything of it may live."""

LIMIT = 1000
BUDGET_MS = 10_000


@dataclass(frozen=True, kw_only=True)
class ForgetSessions:
    """
    Take out of the store the sessions that ended long ago, and those that nobody uses any more; some at a time, for a
    while. What is left waits for the next run: a session has ended before anybody has noted so.

    Raises:
        Unavailable: the store did not answer in time; what was done is done.
    """

    sessions: Sessions
    now_ms: NowMs
    limit: int = LIMIT
    budget_ms: int = BUDGET_MS

    def __call__(self) -> int:
        """Returns how many were ended, and how many forgotten, together."""
        total, deadline = 0, self.now_ms() + self.budget_ms
        while (now := self.now_ms()) < deadline:
            done = self.sessions.prune(ended_before=now - KEPT_MS, limit=self.limit, at=now)
            total += done
            if done < self.limit:
                break
        return total
