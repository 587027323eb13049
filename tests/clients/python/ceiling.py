"""Against hangs: no test of a client waits for ever."""

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

CEILING_S = 60.0
"""Only against hangs."""


def bounded[**Given](test: Callable[Given, Coroutine[Any, Any, None]]) -> Callable[Given, Coroutine[Any, Any, None]]:
    @functools.wraps(test)
    async def within(*args: Given.args, **kwargs: Given.kwargs) -> None:
        async with asyncio.timeout(CEILING_S):
            await test(*args, **kwargs)

    return within


def all_bounded[Kind](tests: type[Kind]) -> type[Kind]:
    for name, test in list(vars(tests).items()):
        if name.startswith("test_") and inspect.iscoroutinefunction(test):
            setattr(tests, name, bounded(test))
    return tests


async def until(condition: Callable[[], object]) -> None:
    """For what no event tells of."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
