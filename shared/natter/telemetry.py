"""
Logs and metrics of the functions: structured JSON lines and CloudWatch's embedded metric format.

Nothing personal, no message text and no token goes through here: only ids, counts, durations and codes.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from natter.domain.clock import NowMs
from natter.domain.fold.conversation import Decision, Turn
from natter.domain.push.registrations import Handed, Outcome, Waking
from natter.usecases.delivery.rebuild import Rebuilt
from natter.usecases.delivery.settle_posts import Settled
from natter.usecases.messages.persist import Persisted
from natter.usecases.privacy.erase import Erased
from natter.usecases.push.wake_devices import Woken

logger = Logger(use_rfc3339=True, utc=True)
metrics = Metrics()

LONG_MS = 60_000
"""For a record to wait for its consumer."""


def configure_logging() -> None:
    """Send what Natter's modules log through the structured logger."""
    copy_config_to_registered_loggers(source_logger=logger, include={"natter"})
    logging.getLogger("natter").propagate = False


def record_persisted(persisted: Persisted, now_ms: NowMs) -> None:
    """What one batch did: messages stored, refusals, retries, and how old the records were when delivered."""
    first = [decision for decision in persisted.decisions if decision.turn is Turn.FIRST]
    _add("EventsStored", sum(each.outcome.seq is not None for each in first))
    _add("Refusals", sum(each.outcome.refusal is not None for each in first))
    _add("Retries", _count(persisted.decisions, Turn.RETRY))
    _add("Replays", _count(persisted.decisions, Turn.REPLAY))
    _add_posts(persisted.report)
    _add("EventsHandedOver", persisted.report.handed_over)
    now = now_ms()
    for at in {decision.record.at for decision in first}:
        metrics.add_metric("LogToDelivery", MetricUnit.Milliseconds, max(0, now - at))
    _flush()


def record_fanned_out(slices: int) -> None:
    """Into how many slices one batch of what was handed over was cut."""
    _add("Slices", slices)
    _flush()


def record_slice(attempt: int, report: Settled) -> None:
    """What came of posting one slice; `attempt` is how often that had failed before."""
    _add_posts(report)
    if attempt:
        _add("PostsRedelivered", report.delivered)
    _flush()


def record_waited(age_ms: int) -> None:
    """How long the oldest record of a batch has waited, if it is long: the alarm on it rings after hours."""
    if age_ms >= LONG_MS:
        metrics.add_metric("RecordAge", MetricUnit.Milliseconds, age_ms)
        _flush()


def record_set_aside() -> None:
    """A record that was accepted and can never be processed: the alarm on it wakes somebody."""
    _add("RecordsSetAside", 1)
    _flush()


def record_rebuilt(rebuilt: Rebuilt) -> None:
    """How much of the registry had lost its data, and how many connections are known again."""
    _add("RegistryPartsLost", rebuilt.lost)
    _add("ConnectionsRestored", rebuilt.connections)
    _flush()


def record_woken(woken: Woken) -> None:
    """What came of pushes, by platform; why devices were not woken; how long after their messages the others were."""
    _add_by_platform("Pushes", woken.handed)
    for reason, count in woken.never.items():
        _add(f"NotPushed{reason.title().replace('_', '')}", count)
    for age in woken.ages:
        metrics.add_metric("PushAge", MetricUnit.Milliseconds, max(0, age))
    _flush()


def record_badges(handed: Sequence[tuple[Waking, Handed]]) -> None:
    """What came of silent pushes, by platform."""
    _add_by_platform("Badges", Counter((each.registration.target.provider, result.outcome) for each, result in handed))


def record_erasures(swept: Erased) -> None:
    """How long ago the oldest erasure was asked for that is not done; it has to be done some day."""
    if swept.oldest_ms:
        metrics.add_metric("ErasureAge", MetricUnit.Milliseconds, swept.oldest_ms)
    _flush()


def _add_by_platform(name: str, handed: Mapping[tuple[str, Outcome], int]) -> None:
    for (platform, outcome), count in handed.items():
        with single_metric(f"{name}{outcome.name.title()}", MetricUnit.Count, count) as metric:
            metric.add_dimension("Platform", platform)


def _add_posts(report: Settled) -> None:
    _add("PostsFailed", report.failed)
    _add("PostsUntried", report.untried)
    _add("ConnectionsClosed", report.closed)


def _add(name: str, count: int) -> None:
    """Nothing is counted as nothing: each metric costs, and alarms take what is missing for zero."""
    if count:
        metrics.add_metric(name, MetricUnit.Count, count)


def _flush() -> None:
    if metrics.metric_set:
        metrics.flush_metrics()


def _count(decisions: Sequence[Decision], turn: Turn) -> int:
    return sum(decision.turn is turn for decision in decisions)
