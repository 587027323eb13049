"""What is declared is emitted: on a metric that nobody emits, an alarm would never ring."""

from collections import Counter
from dataclasses import replace
from typing import get_args

from functions.disconnect.handler import build as disconnect
from natter.domain.accounts.users import PushTarget
from natter.domain.delivery import Post, PostResult
from natter.domain.errors import Unavailable
from natter.domain.ids import DeviceId
from natter.domain.messages.commands import Asked
from natter.domain.push.registrations import Handed, Outcome, Registration, Waking
from natter.domain.push.waking import Reason
from natter.domain.push.wording import Badge
from natter.domain.visiting import Leg, Step
from natter.entrypoints.lazily import lazily
from natter.entrypoints.queue import queue_consumer
from natter.entrypoints.stream import stream_consumer
from natter.metrics import CONNECTIONS_OPENED, HEADS, METRICS
from natter.telemetry import tracer
from natter.telemetry.answered import record_accepted, record_answer, record_overload
from natter.telemetry.counted import CountedCommandLog, CountedGateway, count_look_ups
from natter.telemetry.measured import (
    record_badges,
    record_erasures,
    record_fanned_out,
    record_login,
    record_persisted,
    record_rebuilt,
    record_reconciled,
    record_slice,
    record_visit,
    record_woken,
)
from natter.usecases.accounts.connect import Disconnect
from natter.usecases.delivery.rebuild import Rebuilt
from natter.usecases.delivery.settle_posts import Settled
from natter.usecases.operations.reconcile import Reconciled
from natter.usecases.operations.visit import Visited
from natter.usecases.privacy.erase import Erased
from natter.usecases.push.wake_devices import Woken
from tests.identity import World
from tests.measuring import Measured
from tests.memory.connections import MemoryConnections
from tests.memory.gateway import MemoryGateway
from tests.memory.logs import MemoryCommandLog, MemoryConnectionLog, MemoryDeadLetters
from tests.messages import ANN, MALLORY, NOON, a_command, a_connection, a_log, a_post, created
from tests.persisting import Stage
from tests.sockets import ENDPOINT, a_socket_event
from tests.streams import Context, a_batch, a_queue_event, a_raw_record

PHONE = a_connection(ANN)
LOG = a_log(
    [
        created(),
        a_command(a_post("m1"), asked=Asked(id="request-1", at=NOON)),
        a_command(a_post("m1")),
        a_command(a_post("m1"), sender=MALLORY),
    ]
)


def fail(_: object) -> None:
    raise Unavailable("the store")


def answering() -> None:
    record_answer("send", NOON)
    record_accepted(NOON)
    record_overload(1)
    CountedCommandLog(MemoryCommandLog(lambda: NOON)).append(a_command(a_post("m1")))
    count_look_ups(HEADS, 1, 1)
    lazily(lambda: lambda _event, _context: None)({}, None)


def disconnecting() -> None:
    registry, log, world = MemoryConnections(), MemoryConnectionLog(), World()
    gone = Disconnect(connections=registry, traces=world.traces, log=log, now_ms=world.clock)
    disconnect(gone, ENDPOINT)(a_socket_event(PHONE, route="$disconnect"), None)


def folding() -> None:
    """First, and again by another environment; what comes twice, and what is refused."""
    stage = Stage()
    for persist in (stage.persist, stage.environment()):
        persisted = persist(LOG)
        record_persisted(replace(persisted, report=Settled(closed=1, handed_over=1)), NOON)
    stream_consumer(fail, MemoryDeadLetters())(a_batch(a_raw_record(b"{}")), Context())
    queue_consumer(fail)(a_queue_event("{}"), None)

    def is_at_fault(_: object) -> None:
        raise KeyError

    stream_consumer(is_at_fault, MemoryDeadLetters())(a_batch(a_raw_record(b"{}")), Context())


def delivering() -> None:
    gateway = MemoryGateway()
    gateway.script[PHONE.connection_id] = list(PostResult)
    CountedGateway(gateway).post([Post(connection=PHONE, frame=b"{}")] * len(PostResult), budget_s=1)
    record_fanned_out(1)
    record_slice(1, Settled(delivered=1, closed=1))
    record_rebuilt(Rebuilt(lost=1, rebuilt=1, connections=1))


def waking() -> None:
    target = PushTarget(provider="fcm", token="t")
    device = Registration(user_id=ANN, device_id=DeviceId("phone"), target=target)
    handed = Counter(("fcm", outcome) for outcome in Outcome)
    record_woken(Woken(handed=handed, never=Counter(get_args(Reason)), ages=[1]))
    silent = Waking(registration=device, push=Badge(badge=1), expires_at=NOON)
    record_badges([(silent, Handed(outcome=outcome)) for outcome in Outcome])


def sweeping() -> None:
    record_erasures(Erased(done=0, failed=0, oldest_ms=1))
    record_login(lambda: 1)
    record_reconciled(Reconciled(items=1, lost=(), missed=0, age_ms=0))
    record_visit(Visited(steps=[Step(leg=Leg.CONNECT, ms=1), Step(leg=Leg.SEND, ms=1, failure="send: unavailable")]))


ELSEWHERE = {CONNECTIONS_OPENED.name}
"""Seen by the tests of their own functions: tests/unit/functions/test_connect.py."""


def tracing() -> None:
    """Of a frame that is sampled, and nobody takes it."""
    tracer.configure(1.0, lambda _: False)
    with tracer.request("send", "request-1", NOON):
        pass
    tracer.flush()


def test_every_metric_that_is_declared_is_emitted(measured: Measured) -> None:
    for path in (answering, disconnecting, folding, delivering, waking, sweeping, tracing):
        path()
    lines = measured()
    assert {series.partition("[")[0] for series in lines} == {each.name for each in METRICS} - ELSEWHERE


def test_each_has_one_name() -> None:
    assert len({each.name for each in METRICS}) == len(METRICS)
