"""When a stack is at rest: nothing is handled, and environments that only a burst of events has needed have ended."""

import asyncio

from local.cloud import Cloud
from local.process import poll
from local.runtime.pool import IDLE_S

LONGER_S = 30.0
"""Than a minute: what had still to be done may end late, and processes take their time to end."""


async def rested(cloud: Cloud) -> None:
    """
    Wait for it.

    Raises:
        TimeoutError: something goes on happening.
    """
    kept = {function.name: max(1, function.provisioned_concurrency) for function in cloud.app.functions}

    async def rests() -> bool:
        functions = cloud.runtime.functions.status()
        return all(not each["busy"] and len(each["pids"]) <= kept[name] for name, each in functions.items())

    async with asyncio.timeout(IDLE_S + LONGER_S):
        await poll(rests)
