"""Consumer of the queue of waves: wakes the devices of who is away, and brings the numbers on icons up to date."""

from natter.bootstrap.engines import Engines
from natter.domain.ids import new_id
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.queue import queue_consumer
from natter.records.push import load_wave
from natter.settings import WakeSettings
from natter.telemetry.measured import record_badges, record_woken
from natter.usecases.accounts.close_connections import backoff_s
from natter.usecases.push.compose_pushes import ComposePushes
from natter.usecases.push.count_unread import CountUnread
from natter.usecases.push.look_again import LookAgain
from natter.usecases.push.look_at_recipients import LookAtRecipients
from natter.usecases.push.tell_badges import TellBadges
from natter.usecases.push.wake_devices import WakeDevices
from natter.usecases.reading.show_events import ShowEvents


def build(wake: WakeDevices, tell_badges: TellBadges) -> LambdaHandler:
    def consume(body: str) -> None:
        wave = load_wave(body)
        if wave.candidates:
            record_woken(wake(wave))
        if wave.badges:
            record_badges(tell_badges(wave.badges))

    return queue_consumer(consume)


def _made() -> LambdaHandler:
    engines = Engines(WakeSettings())
    engines.warm(engines.valkey.warm, engines.sqs, engines.prepare_waking)
    count_unread = CountUnread(conversations=engines.conversations, heads=engines.read_heads, timeline=engines.timeline)
    wake = WakeDevices(
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
        shown=engines.shown_badges,
        service=engines.push_service,
        again=LookAgain(queue=engines.waves, now_ms=engines.now_ms, delay_s=backoff_s),
        now_ms=engines.now_ms,
        new_id=new_id,
    )
    tell_badges = TellBadges(
        registrations=engines.push_registrations,
        connections=engines.connections,
        shown=engines.shown_badges,
        count_unread=count_unread,
        service=engines.push_service,
        now_ms=engines.now_ms,
    )
    return build(wake, tell_badges)


lambda_handler = lazily(_made)
