"""When a function is put together: in Lambda's init phase; elsewhere not before its first event."""

import gc
import os
from collections.abc import Callable
from typing import Any

from natter.telemetry import configure_logging

LambdaHandler = Callable[[Any, Any], Any]


def lazily(make: Callable[[], LambdaHandler]) -> LambdaHandler:
    """
    A handler that is made by `make` once for each execution environment.

    Inside Lambda that is at once; a dependency that is down then is met again by the first event, so the
    environment starts all the same. What there is then stays as long as the environment: the garbage collector does
    not look through it again and again.
    """
    made: list[LambdaHandler] = []

    def begin() -> None:
        configure_logging()
        made.append(make())

    def handle(event: Any, context: Any) -> Any:
        if not made:
            begin()
        return made[0](event, context)

    if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:
        begin()
        gc.freeze()
    return handle
