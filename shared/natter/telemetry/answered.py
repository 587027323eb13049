"""What is measured of every frame, request and connect that is answered, and of every batch that is begun."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from natter.domain.errors import Internal, NatterError, Unavailable
from natter.metrics import ACCEPT_TIME, ANSWER_TIME, ANSWERS, FAULTS, LAG, OK, OVERLOAD
from natter.telemetry import recorder, tracer

OURS = (Unavailable.code, Internal.code)
"""Whatever else is answered is as it should be, or the asker's."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def record_answer(route: str, asked_at: int, error: NatterError | None = None) -> None:
    """`asked_at` is when the gateway had what was asked, milliseconds; None is no error."""
    code = OK if error is None else error.code
    tracer.answered(route, code, failed=code in OURS)
    recorder.add(ANSWERS, 1, route, code)
    recorder.add(FAULTS, int(code in OURS))
    recorder.add(ANSWER_TIME, max(0, now_ms() - asked_at), route)


@contextmanager
def answering(route: str, request_id: str, asked_at: int) -> Iterator[None]:
    """Measure what is answered by returning from the block, or by what it raises; which is raised all the same."""
    with tracer.request(route, request_id, asked_at):
        try:
            yield
        except NatterError as error:
            record_answer(route, asked_at, error)
            raise
        except Exception:
            record_answer(route, asked_at, Internal("of no known kind"))
            raise
        record_answer(route, asked_at)


def record_accepted(asked_at: int) -> None:
    """What a frame asks is in the log."""
    recorder.add(ACCEPT_TIME, max(0, now_ms() - asked_at))


def record_overload(items: int) -> None:
    """What a frame asks is refused, because it would have had to wait for long."""
    recorder.add(OVERLOAD, items)


def record_lag(oldest_at: int) -> None:
    """When the oldest record of a batch came into the log, milliseconds."""
    recorder.add(LAG, max(0, now_ms() - oldest_at) / 1000)
