"""Consumer of `chat.events`: has everybody looked at, shortly, who may have to be woken for what was said."""

from natter.bootstrap.engines import Engines
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.record import Batch
from natter.entrypoints.records import readable
from natter.entrypoints.stream import stream_consumer
from natter.ports.operations import DeadLetters
from natter.records.messages import load_emission
from natter.settings import PushSettings
from natter.usecases.push.schedule_pushes import SchedulePushes


def build(schedule: SchedulePushes, dead: DeadLetters) -> LambdaHandler:
    def consume(batch: Batch) -> None:
        schedule([emission for _, emission in readable(batch, load_emission, dead)])

    return stream_consumer(consume, dead)


def _made() -> LambdaHandler:
    engines = Engines(PushSettings())
    engines.warm(engines.valkey.warm, engines.sqs, engines.prepare_fanout)
    schedule = SchedulePushes(
        timeline=engines.timeline,
        registrations=engines.push_registrations,
        queue=engines.waves,
        has_read=engines.ask_for_badges,
        now_ms=engines.now_ms,
    )
    return build(schedule, engines.dead)


lambda_handler = lazily(_made)
