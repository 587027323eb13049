"""Have the numbers on the icons of those brought up to date who have read something."""

import logging
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import batched

from natter.domain.budgets import BADGES_S
from natter.domain.clock import NowMs
from natter.domain.errors import Unavailable
from natter.domain.ids import UserId
from natter.domain.push.badges import Readers
from natter.domain.push.waves import WAVE_BADGES, Wave
from natter.ports.push import ShownBadges, WaveQueue

_logger = logging.getLogger(__name__)


class AskForBadges:
    """
    Best effort: what cannot be asked for now comes with their next push, or when they read on.

    Receipts wait for it, for `budget_s` at most: what takes longer goes on beside what follows, and until it is done
    nobody else is asked for.
    """

    def __init__(self, *, shown: ShownBadges, queue: WaveQueue, now_ms: NowMs, budget_s: float = BADGES_S) -> None:
        self._shown = shown
        self._queue = queue
        self._now_ms = now_ms
        self._budget_s = budget_s
        self._thread = ThreadPoolExecutor(1, "badges")
        self._asking: Future[None] | None = None

    def __call__(self, readers: Readers) -> None:
        """Of those who have read something just now; those whose other devices show nothing cost a look together."""
        if self._asking is not None and not self._asking.done():
            _logger.warning("badges are not brought up to date: those before are not asked for yet")
            return
        self._asking = self._thread.submit(self._ask, readers)
        if self._asking in wait([self._asking], timeout=self._budget_s).done:
            self._asking.result()

    def finish(self) -> None:
        """Wait for what goes on beside."""
        self._thread.shutdown()

    def _ask(self, readers: Readers) -> None:
        try:
            self._shown.read(readers)
            waves = self._waves(readers.keys())
            if waves:
                self._queue.add([wave for wave, _ in waves], delay_s=[delay_s for _, delay_s in waves])
        except Unavailable as error:
            _logger.warning("badges are not brought up to date: %s", error)

    def _waves(self, users: Collection[UserId]) -> Sequence[tuple[Wave, int]]:
        """With their delays. Times have few values, so there are few waves."""
        now = self._now_ms()
        by_time: dict[int, list[UserId]] = {}
        for user, at in self._shown.due(users, now=now).items():
            by_time.setdefault(at, []).append(user)
        return [
            (Wave(badges=together), -(-(at - now) // 1000))
            for at, some in by_time.items()
            for together in batched(some, WAVE_BADGES, strict=False)
        ]
