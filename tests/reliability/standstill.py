"""Days in which nothing is consumed, in some of the runs: what waits becomes too old for the store, or nearly so."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from natter.domain.write_times import REACH_US
from tests.reliability.load import LENGTH

ONE_RUN_IN = 10
DAY_MS = 24 * 3600 * 1000
REACH_MS = REACH_US // 1000


@dataclass(frozen=True)
class Standstills:
    jumps: Mapping[int, int]
    """After which command, and how long, milliseconds."""

    @classmethod
    def of(cls, seed: int) -> "Standstills":
        """With a randomness of its own, so that the other runs stay as they are."""
        random = Random(f"standstills of {seed}")
        if seed % ONE_RUN_IN != 4:
            return cls({})
        lengths = (REACH_MS - random.randint(-2000, 4000), REACH_MS + 10_000, 3 * DAY_MS, 5 * DAY_MS)
        return cls({random.randrange(LENGTH): random.choice(lengths) for _ in range(random.randint(1, 2))})

    def after(self, command: int) -> int:
        return self.jumps.get(command, 0)
