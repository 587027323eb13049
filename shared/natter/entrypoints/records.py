"""What stream consumers make of a batch's records."""

import logging
from collections.abc import Callable

from natter.entrypoints.record import Batch, StreamRecord
from natter.metrics import RECORDS_SET_ASIDE
from natter.ports.operations import DeadLetters
from natter.records.base import BadRecordError
from natter.telemetry import recorder

_logger = logging.getLogger(__name__)


def set_aside(raw: StreamRecord, error: Exception, dead: DeadLetters) -> None:
    """
    Keep a record that can never be processed for operators; its partition moves on.

    Raises:
        Unavailable: it may not be kept.
    """
    _logger.error("record set aside", extra={"partition": raw.partition, "offset": raw.offset})
    recorder.add(RECORDS_SET_ASIDE, 1)
    dead.add(raw.topic, (raw.partition, raw.offset), raw.key, raw.value, why(error))


def readable[Value](
    batch: Batch, load: Callable[[bytes, bytes | None], Value], dead: DeadLetters
) -> list[tuple[StreamRecord, Value]]:
    """The records that `load` can read, each with what it says; the others are set aside."""
    found = []
    for raw in batch:
        try:
            found.append((raw, load(raw.value, raw.schema)))
        except BadRecordError as error:
            set_aside(raw, error, dead)
    return found


def why(error: Exception) -> str:
    """The error's type, and its text where that is ours: others quote what was being handled."""
    return f"{type(error).__name__}: {error}" if isinstance(error, BadRecordError) else type(error).__qualname__
