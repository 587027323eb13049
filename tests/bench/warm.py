"""Before anything is measured: functions have started, and what a busy machine refuses is asked for again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

import aiohttp
from websockets.exceptions import InvalidStatus

from local.cloud import Cloud
from tests.support.socket import SocketClosedError

AGAIN_S = 1.0
READY_WITHIN_S = 180.0

_NOT_YET = (AssertionError, aiohttp.ClientError, InvalidStatus, OSError, SocketClosedError)
"""An answer that was not expected (503), or none: TimeoutError is an OSError."""


async def warmed(cloud: Cloud, functions: Iterable[str], *, number: int) -> None:
    """Until `number` environments of each wait for work, as far as its limits allow; one function after the other."""
    for name in functions:
        await cloud.runtime.functions.find(name).warm(number)


async def patiently[Got](attempt: Callable[[], Awaitable[Got]], *, within_s: float = READY_WITHIN_S) -> Got:
    """
    What `attempt` gives as soon as it does not fail; it is repeated, which must be safe.

    Raises:
        AssertionError, ClientError, InvalidStatus, OSError, SocketClosedError: it still does after `within_s`.
        InvalidStatus: at once, if who asks for the upgrade is to blame (4xx).
    """
    end = time.monotonic() + within_s
    while True:
        try:
            return await attempt()
        except _NOT_YET as error:
            if time.monotonic() > end or (isinstance(error, InvalidStatus) and error.response.status_code < 500):
                raise
        await asyncio.sleep(AGAIN_S)
