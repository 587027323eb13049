"""
A function of which nothing is observed: no metric, no trace and no line of a log is made. In a worker this stands in
the place of the function's handler, which `UNOBSERVED` names; only `tests.bench.observed` puts it there.
"""

import importlib
import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

from natter.telemetry import answered, measured
from natter.telemetry.recorder import Recorder
from natter.telemetry.tracing import Tracer


def nothing(*_: Any, **__: Any) -> None:
    """What is asked of it is not done."""


@contextmanager
def unnoted(*_: Any, **__: Any) -> Iterator[SimpleNamespace]:
    """A work of which nobody knows."""
    yield SimpleNamespace()


def unmeasured(*_: Any, **__: Any) -> AbstractContextManager[None]:
    return nullcontext()


def unobserve() -> None:
    """Before anything is imported that takes these by name."""
    logging.disable(logging.CRITICAL)
    for name in ("add", "count", "flush"):
        setattr(Recorder, name, nothing)
    for name in ("request", "batch", "message"):
        setattr(Tracer, name, unnoted)
    for name in ("passed", "answered", "carry", "flush"):
        setattr(Tracer, name, nothing)
    Tracer.leg = answered.answering = unmeasured  # type: ignore[method-assign, assignment]
    Tracer.samples = lambda *_: False  # type: ignore[method-assign]
    for module in (answered, measured):
        for name in vars(module):
            if name.startswith(("record_", "log_")):
                setattr(module, name, nothing)


unobserve()
_module, _, _name = os.environ["UNOBSERVED"].rpartition(".")
lambda_handler = getattr(importlib.import_module(_module), _name)
