"""What consumers, and what runs on a schedule, measure of what they did: one call says it all."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from natter import metrics
from natter.domain.errors import Unavailable
from natter.domain.fold.conversation import Turn
from natter.domain.push.registrations import Outcome
from natter.telemetry import detail, logger, recorder, tracer
from natter.telemetry.tracing import trace_id_of

if TYPE_CHECKING:  # each function would import, and wait for, what all others do
    from collections.abc import Callable, Mapping, Sequence

    from natter.domain.fold.conversation import Decision
    from natter.domain.messages.commands import Record
    from natter.domain.push.registrations import Handed, Waking
    from natter.metrics import Metric
    from natter.usecases.delivery.rebuild import Rebuilt
    from natter.usecases.delivery.settle_posts import Settled
    from natter.usecases.messages.persist import Persisted
    from natter.usecases.operations.reconcile import Reconciled
    from natter.usecases.operations.visit import Visited
    from natter.usecases.privacy.erase import Erased
    from natter.usecases.push.wake_devices import Woken


def record_persisted(persisted: Persisted, now: int) -> None:
    """What one batch did: what was stored, refusals, retries, and how long each leg of the way took until `now`."""
    tracer.passed("fold", persisted.stored_at)
    first = [decision for decision in persisted.decisions if decision.turn is Turn.FIRST]
    recorder.count(metrics.EVENTS_STORED, sum(each.outcome.seq is not None for each in first))
    recorder.count(metrics.REFUSALS, sum(each.outcome.refusal is not None for each in first))
    recorder.count(metrics.RETRIES, _count(persisted.decisions, Turn.RETRY))
    recorder.count(metrics.REPLAYS, _count(persisted.decisions, Turn.REPLAY))
    recorder.count(metrics.EVENTS_HANDED_OVER, persisted.report.handed_over)
    recorder.count(metrics.CONNECTIONS_CLOSED, persisted.report.closed)
    recorder.add(metrics.PLACE_TO_POST, max(0, now - persisted.stored_at))
    for record in _records(first):
        recorder.add(metrics.LOG_TO_PLACE, max(0, persisted.stored_at - record.at))
        recorder.add(metrics.LOG_TO_DELIVERY, max(0, now - record.at))
        if record.command.asked is not None:
            recorder.add(metrics.END_TO_END, max(0, now - record.command.asked.at))


def log_decisions(persisted: Persisted) -> None:
    """Where debugging is on, and of traces that are sampled: what became of each item, and of which frame it is."""
    if logger.log_level > logging.DEBUG:
        return
    for decision in persisted.decisions:
        command, outcome = decision.record.command, decision.outcome
        trace_id = None if command.asked is None else trace_id_of(command.asked.id)
        if detail.is_raised and not tracer.samples(trace_id):
            continue
        logger.debug(
            "decided",
            extra={
                "request_id": None if command.asked is None else command.asked.id,
                "trace_id": trace_id,
                "conversation_id": command.conversation_id,
                "partition": decision.record.partition,
                "offset": decision.record.offset,
                "turn": decision.turn.name,
                "seq": outcome.seq,
                "refusal": outcome.refusal,
            },
        )


def record_fanned_out(slices: int) -> None:
    """Into how many slices one batch of what was handed over was cut."""
    recorder.count(metrics.SLICES, slices)


def record_slice(attempt: int, report: Settled) -> None:
    """What came of posting one slice; `attempt` is how often that had failed before."""
    recorder.count(metrics.CONNECTIONS_CLOSED, report.closed)
    if attempt:
        recorder.count(metrics.POSTS_REDELIVERED, report.delivered)


def record_rebuilt(rebuilt: Rebuilt) -> None:
    """How much of the registry had lost its data, and how many connections are known again."""
    recorder.count(metrics.REGISTRY_PARTS_LOST, rebuilt.lost)
    recorder.count(metrics.CONNECTIONS_RESTORED, rebuilt.connections)


def record_woken(woken: Woken) -> None:
    """What came of pushes, by platform; why devices were not woken; how long after their messages the others were."""
    _count_by_platform(metrics.PUSHES, woken.handed)
    for reason, count in woken.never.items():
        recorder.count(metrics.NOT_PUSHED, count, reason)
    for age in woken.ages:
        recorder.add(metrics.PUSH_AGE, max(0, age))


def record_badges(handed: Sequence[tuple[Waking, Handed]]) -> None:
    """What came of silent pushes, by platform."""
    outcomes = Counter((each.registration.target.provider, result.outcome) for each, result in handed)
    _count_by_platform(metrics.BADGES, outcomes)


def record_reconciled(reconciled: Reconciled) -> None:
    """Of how many items it is known what became, and of how many it is not: none, and that is stated every time."""
    recorder.add(metrics.UNACCOUNTED, reconciled.unaccounted)
    recorder.add(metrics.RECONCILED, reconciled.items)
    recorder.add(metrics.LEDGER_AGE, reconciled.age_ms / 1000)


def record_erasures(swept: Erased) -> None:
    """How long ago the oldest erasure was asked for that is not done; it has to be done some day."""
    if swept.oldest_ms:
        recorder.add(metrics.ERASURE_AGE, swept.oldest_ms)


def record_visit(visited: Visited) -> None:
    """How each leg went, and whether all went well; that is stated every time."""
    for step in visited.steps:
        if step.failure is None:
            recorder.add(metrics.VISIT_TIME, step.ms, step.leg)
        else:
            recorder.add(metrics.VISIT_FAILURES, 1, step.leg)
    recorder.add(metrics.VISITS_FAILED, int(bool(visited.failed)))


def record_login(age_ms: Callable[[], int]) -> None:
    """How old the database's password is. It is not worth failing for: whoever cannot be asked says nothing."""
    try:
        recorder.add(metrics.LOGIN_AGE, age_ms() / 1000)
    except Unavailable as error:
        logger.warning("nobody says how old the password is: %s", error)


def _records(decisions: Sequence[Decision]) -> Sequence[Record]:
    """Each once: an item is decided at a time."""
    return list({(each.record.partition, each.record.position): each.record for each in decisions}.values())


def _count(decisions: Sequence[Decision], turn: Turn) -> int:
    return sum(decision.turn is turn for decision in decisions)


def _count_by_platform[Platform: str](
    by_outcome: Mapping[str, Metric], handed: Mapping[tuple[Platform, Outcome], int]
) -> None:
    for (platform, outcome), count in handed.items():
        recorder.count(by_outcome[outcome.name.title()], count, platform)
