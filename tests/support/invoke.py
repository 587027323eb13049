"""A function of the running local cloud, called by its name."""

import asyncio
import json
import time
from typing import Any

from local.cloud import Cloud
from local.runtime.scheduling import ThrottledError
from local.runtime.worker import Result

FREE_WITHIN_S = 75
"""A function with a reserved concurrency of one may be at work for its schedule: for a minute at most."""
AGAIN_S = 0.1


async def answered(cloud: Cloud, function: str, event: bytes) -> Result:
    """
    What came of an invocation of `function`, by its whole name or ARN; asked again while it is throttled, as AWS's
    clients do.

    Raises:
        ThrottledError: it is still at work for others.
    """
    deadline = time.monotonic() + FREE_WITHIN_S
    while True:
        try:
            return await cloud.runtime.functions.invoke(function, event)
        except ThrottledError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(AGAIN_S)


async def invoked(cloud: Cloud, function: str, event: bytes) -> dict[str, Any]:
    """
    What one of the app's functions answers, by its folder.

    Raises:
        ThrottledError: it is still at work for others.
    """
    result = await answered(cloud, f"natter-{cloud.app.outputs['Stage']}-{function}", event)
    answer: dict[str, Any] = json.loads(result.payload)
    return answer
