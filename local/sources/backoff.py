"""How long to wait before another attempt."""

import random

BACKOFF_S = (0.1, 5.0)
"""First and longest wait between attempts."""


def backoff(attempt: int) -> float:
    """Seconds to wait after the `attempt`-th failure in a row (from 1), jittered."""
    first_s, longest_s = BACKOFF_S
    wait_s: float = min(longest_s, first_s * 2 ** min(attempt - 1, 16))
    return wait_s * random.uniform(0.5, 1)  # noqa: S311
