"""Consumer of the queue of waves: wakes the devices of who is away."""

from natter.bootstrap.engines import Engines
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.queue import queue_consumer
from natter.records.push import load_wave
from natter.settings import WakeSettings
from natter.telemetry import record_woken
from natter.usecases.accounts.close_connections import backoff_s
from natter.usecases.push.compose_pushes import ComposePushes
from natter.usecases.push.count_unread import CountUnread
from natter.usecases.push.look_at_recipients import LookAtRecipients
from natter.usecases.push.wake_devices import WakeDevices
from natter.usecases.reading.show_events import ShowEvents


def build(wake: WakeDevices) -> LambdaHandler:
    def consume(body: str) -> None:
        record_woken(wake(load_wave(body)))

    return queue_consumer(consume)


def _made() -> LambdaHandler:
    engines = Engines(WakeSettings())
    engines.warm(engines.valkey.warm, engines.sqs, engines.prepare_waking)
    count_unread = CountUnread(conversations=engines.conversations, heads=engines.read_heads, timeline=engines.timeline)
    return build(
        WakeDevices(
            registrations=engines.push_registrations,
            look=LookAtRecipients(
                reachables=engines.reachables,
                connections=engines.connections,
                traces=engines.traces,
                timeline=engines.timeline,
            ),
            compose=ComposePushes(
                reachables=engines.reachables,
                timeline=engines.timeline,
                heads=engines.read_heads,
                show=ShowEvents(timeline=engines.timeline),
                attachments=engines.attachments,
                count_unread=count_unread,
            ),
            marks=engines.push_marks,
            service=engines.push_service,
            queue=engines.waves,
            now_ms=engines.now_ms,
            delay_s=backoff_s,
        )
    )


lambda_handler = lazily(_made)
