"""When a function is put together: in Lambda's init phase; elsewhere not before its first event."""

import gc
import os
import time
from collections.abc import Callable
from typing import Any

from natter.metrics import COLD_STARTS, INIT_TIME
from natter.telemetry import configure_logging, recorder, tracer

LambdaHandler = Callable[[Any, Any], Any]
_INITIALIZATION = "AWS_LAMBDA_INITIALIZATION_TYPE"
_PROVISIONED = "provisioned-concurrency"
"""Such an environment is made before anybody waits for it."""


def lazily(make: Callable[[], LambdaHandler]) -> LambdaHandler:
    """
    A handler that is made by `make` once for each execution environment.

    Inside Lambda that is at once; a dependency that is down then is met again by the first event, so the
    environment starts all the same. What there is then stays as long as the environment: the garbage collector looks
    through it neither again and again nor while it is made. What an invocation has measured is written at its end, and
    its traces are exported, however it ends.
    """
    made: list[LambdaHandler] = []

    def begin() -> None:
        began = time.monotonic()
        configure_logging()
        made.append(make())
        recorder.add(INIT_TIME, round(1000 * (time.monotonic() - began)))
        if os.environ.get(_INITIALIZATION) != _PROVISIONED:
            recorder.add(COLD_STARTS, 1)

    def handle(event: Any, context: Any) -> Any:
        try:
            if not made:
                begin()
            return made[0](event, context)
        finally:
            tracer.flush()
            recorder.flush()

    if _INITIALIZATION in os.environ:
        begin()
        gc.freeze()
        gc.enable()  # see `natter`
    return handle
