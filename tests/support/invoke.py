"""A function of the running local cloud, called by its name."""

import asyncio
import json
import time
from typing import Any

from local.cloud import Cloud
from local.runtime.scheduling import ThrottledError

FREE_WITHIN_S = 75
"""A function with a reserved concurrency of one may be at work for its schedule: for a minute at most."""
AGAIN_S = 0.1


async def invoked(cloud: Cloud, function: str, event: bytes) -> dict[str, Any]:
    """
    What `function` answers; asked again while it is throttled, as AWS's clients do.

    Raises:
        ThrottledError: it is still at work for others.
    """
    deadline = time.monotonic() + FREE_WITHIN_S
    while True:
        try:
            result = await cloud.runtime.functions.invoke(f"natter-{cloud.app.outputs['Stage']}-{function}", event)
        except ThrottledError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(AGAIN_S)
        else:
            answer: dict[str, Any] = json.loads(result.payload)
            return answer
