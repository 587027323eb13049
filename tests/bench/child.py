"""Processes beside the one that measures: who talks must not share a thread with the cloud that they talk to."""

import asyncio
import json
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
LINE_LIMIT = 64 * 1024 * 1024


class Child:
    """`python -m MODULE ARGUMENTS`, with which values are exchanged as lines of JSON; leaving it ends it."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = (sys.executable, "-m", module, *arguments)

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, cwd=ROOT, stdin=pipe, stdout=pipe, limit=LINE_LIMIT
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, value: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value).encode() + b"\n")

    async def hear(self, *, within_s: float) -> Any:
        """
        What it says next.

        Raises:
            AssertionError: it has ended; why, it said on standard error.
            TimeoutError: it says nothing.
        """
        assert self._process.stdout is not None
        async with asyncio.timeout(within_s):
            line = await self._process.stdout.readline()
        assert line, f"{self._command[2]} has ended"
        return json.loads(line)


def say(value: object) -> None:
    """Of the child: tell who began it something."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def heard() -> Any:
    """Of the child: what it is told next."""
    return json.loads(await asyncio.to_thread(sys.stdin.readline))
