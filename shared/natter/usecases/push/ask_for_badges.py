"""Have the numbers on the icons of those brought up to date who have read something."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from natter.domain.errors import Unavailable
from natter.domain.ids import UserId
from natter.domain.push.waves import Wave
from natter.ports.push import ShownBadges, WaveQueue

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class AskForBadges:
    """Best effort: what cannot be asked for now comes with their next push, or when they read on."""

    shown: ShownBadges
    queue: WaveQueue

    def __call__(self, users: Collection[UserId]) -> None:
        """Of `users`, who have read something just now; those whose devices show nothing cost one look together."""
        try:
            by_delay: dict[int, list[UserId]] = {}
            for user, delay_ms in self.shown.due(users).items():
                by_delay.setdefault(-(-delay_ms // 1000), []).append(user)
            for delay_s, some in by_delay.items():
                self.queue.add([Wave(badges=(user,)) for user in some], delay_s=delay_s)
        except Unavailable as error:
            _logger.warning("badges are not brought up to date: %s", error)
