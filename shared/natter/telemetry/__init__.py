"""
Logs, metrics and traces of the functions: structured JSON lines, CloudWatch's embedded metric format, OpenTelemetry.

Nothing personal, no message text and no token goes through here: only ids, counts, durations and codes.
"""

import logging

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from natter.telemetry.recorder import Recorder
from natter.telemetry.tracing import Tracer

logger = Logger(use_rfc3339=True, utc=True)
_natter = logging.getLogger("natter")
recorder = Recorder()
"""What the invocation measures; whoever makes the handler (`natter.entrypoints.lazily`) has it written at the end."""


class _Detail:
    """How much is logged: what is traced is debugged, whatever the stage's level is."""

    def __init__(self) -> None:
        self._before: int | None = None

    @property
    def is_raised(self) -> bool:
        """Whether it is debugged for the sake of a trace only."""
        return self._before is not None

    def __call__(self, wanted: bool) -> None:
        if wanted and logger.log_level > logging.DEBUG:
            self._before = logger.log_level
            self._set(logging.DEBUG)
        elif not wanted and self._before is not None:
            self._set(self._before)
            self._before = None

    def _set(self, level: int) -> None:
        for each in (logger, _natter):
            each.setLevel(level)


detail = _Detail()
tracer = Tracer(recorder, detail)
"""What is being done, and for whom; exported at the same end."""


def _stamp(record: logging.LogRecord) -> bool:
    """Every line says to which traces it belongs (a filter: it lets all pass)."""
    if current := tracer.current:
        record.trace = " ".join(current)
    return True


def configure_logging() -> None:
    """Send what Natter's modules log through the structured logger."""
    copy_config_to_registered_loggers(source_logger=logger, include={"natter"})
    _natter.propagate = False
    for handler in logger.handlers:
        handler.addFilter(_stamp)
