"""Waiting for what another process does, which has no event to wait for."""

import asyncio
import time
from collections.abc import Callable

LOOK_S = 0.05
WITHIN_S = 60.0


async def until(holds: Callable[[], bool], what: str, *, within_s: float = WITHIN_S) -> None:
    """
    Raises:
        AssertionError: `what` does not come about.
    """
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, f"not within {within_s} s: {what}"
        await asyncio.sleep(LOOK_S)
