"""The load and the floor run as processes of their own: measuring must not share a thread with what is measured."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CHILD_S = 300.0
LINE_LIMIT = 64 * 1024 * 1024


class ChildFailed(Exception):
    """A measuring process ended with an error; it said why on standard error."""


async def run(module: str, *arguments: str, measuring: Callable[[int], None] | None = None) -> Any:
    """
    Run `python -m tests.bench.MODULE`; its last line is the result.

    `measuring(pid)` is called when it says that it begins to measure.

    Raises:
        ChildFailed: it failed.
        TimeoutError: it took too long, and was ended.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"tests.bench.{module}", *arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_LIMIT,
    )
    assert child.stdout is not None
    result = None
    try:
        async with asyncio.timeout(CHILD_S):
            async for line in child.stdout:
                result = json.loads(line)
                if result == {"measuring": True} and measuring is not None:
                    measuring(child.pid)
            status = await child.wait()
    except BaseException:
        if child.returncode is None:
            child.kill()
            await child.wait()
        raise
    if status != 0:
        raise ChildFailed(f"tests.bench.{module} ended with status {status}")
    return result
