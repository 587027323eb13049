"""
Logs and metrics of the functions: structured JSON lines and CloudWatch's embedded metric format.

Nothing personal, no message text and no token goes through here: only ids, counts, durations and codes.
"""

import logging
from collections.abc import Callable, Sequence

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit

from natter.domain.fold import Decision, Turn
from natter.usecases.persist import Persisted
from natter.usecases.settle_posts import Report

logger = Logger(use_rfc3339=True, utc=True)
metrics = Metrics()


def configure_logging() -> None:
    """Send what Natter's modules log through the structured logger."""
    copy_config_to_registered_loggers(source_logger=logger, include={"natter"})
    logging.getLogger("natter").propagate = False


def record_persisted(persisted: Persisted, now_ms: Callable[[], int]) -> None:
    """What one batch did: messages stored, refusals, retries, and how old the records were when delivered."""
    first = [decision for decision in persisted.decisions if decision.turn is Turn.FIRST]
    metrics.add_metric("EventsStored", MetricUnit.Count, sum(each.outcome.seq is not None for each in first))
    metrics.add_metric("Refusals", MetricUnit.Count, sum(each.outcome.refusal is not None for each in first))
    metrics.add_metric("Retries", MetricUnit.Count, _count(persisted.decisions, Turn.RETRY))
    metrics.add_metric("Replays", MetricUnit.Count, _count(persisted.decisions, Turn.REPLAY))
    _add_posts(persisted.report)
    metrics.add_metric("EventsHandedOver", MetricUnit.Count, persisted.report.handed_over)
    now = now_ms()
    for at in {decision.record.at for decision in first}:
        metrics.add_metric("LogToDelivery", MetricUnit.Milliseconds, max(0, now - at))
    metrics.flush_metrics()


def record_fanned_out(slices: int) -> None:
    """Into how many slices one batch of what was handed over was cut."""
    metrics.add_metric("Slices", MetricUnit.Count, slices)
    metrics.flush_metrics()


def record_slice(attempt: int, report: Report) -> None:
    """What came of posting one slice; `attempt` is how often that had failed before."""
    _add_posts(report)
    if attempt:
        metrics.add_metric("PostsRedelivered", MetricUnit.Count, report.delivered)
    metrics.flush_metrics()


def _add_posts(report: Report) -> None:
    metrics.add_metric("PostsFailed", MetricUnit.Count, report.failed)
    metrics.add_metric("PostsUntried", MetricUnit.Count, report.untried)
    metrics.add_metric("ConnectionsClosed", MetricUnit.Count, report.closed)


def _count(decisions: Sequence[Decision], turn: Turn) -> int:
    return sum(decision.turn is turn for decision in decisions)
