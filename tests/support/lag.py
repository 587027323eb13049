"""How far the consumers of a running local cloud are behind."""

import asyncio
import time
from collections.abc import Mapping

from local.cloud import Cloud

LOOK_S = 0.1


def lags(cloud: Cloud) -> Mapping[str, int]:
    """Of each partition that is behind, by how many records."""
    return {
        f"{source['topic']}-{number} of {source['function']}": partition["lag"]
        for source in cloud.runtime.status()["sources"]
        if "topic" in source
        for number, partition in source["partitions"].items()
        if partition["lag"]
    }


async def caught_up(cloud: Cloud, *, within_s: float) -> None:
    """
    Wait until nobody is behind.

    Raises:
        AssertionError: somebody still is.
    """
    deadline = time.monotonic() + within_s
    while behind := lags(cloud):
        assert time.monotonic() < deadline, f"behind after {within_s} s: {behind}"
        await asyncio.sleep(LOOK_S)
