"""Have the platforms forget where devices were woken that are woken no more."""

from dataclasses import dataclass
from typing import Final

from natter.domain.clock import NowMs
from natter.ports.push import AbandonedEndpoints, PushEndpointRemoval

LEFT_MS: Final = 60 * 60 * 1000
"""
So long an endpoint is left for who registers its token again: most who sign out sign in again, on the same device.
"""

LIMIT = 100
"""Of one run; a call takes some 30 ms."""


@dataclass(frozen=True, kw_only=True)
class RemoveEndpoints:
    """
    One run, the longest abandoned first; how many were removed.

    Raises:
        Unavailable: the database or the platform did not answer in time. The next run goes on.
    """

    abandoned: AbandonedEndpoints
    endpoints: PushEndpointRemoval
    now_ms: NowMs

    def __call__(self) -> int:
        before = self.now_ms() - LEFT_MS
        removed = 0
        while removed < LIMIT and self.abandoned.remove_one(self.endpoints.remove, abandoned_before=before):
            removed += 1
        return removed
