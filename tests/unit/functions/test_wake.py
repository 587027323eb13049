from typing import Any

from functions.wake.handler import build
from natter.domain.ids import DeviceId
from natter.domain.push.registrations import Handed, Outcome
from natter.domain.push.waves import Wave
from natter.domain.push.wording import Badge
from natter.records.push import dump_wave
from natter.usecases.push.tell_badges import TellBadges
from tests.measuring import Measured
from tests.messages import BOB, NOON
from tests.pushing import PushStage

PHONE = DeviceId("bob-phone")


class Worker:
    """`wake` for the lobby, in which Bob is."""

    def __init__(self) -> None:
        self.stage = stage = PushStage(BOB)
        tell = TellBadges(
            registrations=stage.registrations,
            connections=stage.registry,
            shown=stage.shown,
            count_unread=stage.count_unread,
            service=stage.service,
            now_ms=lambda: NOON,
        )
        self.handler = build(stage.wake, tell)

    def __call__(self, *waves: Wave) -> Any:
        messages = [{"messageId": str(number), "body": dump_wave(wave)} for number, wave in enumerate(waves)]
        return self.handler({"Records": messages}, None)["batchItemFailures"]


class TestWake:
    def test_a_wave_is_looked_at_and_counted(self, measured: Measured) -> None:
        worker = Worker()
        worker.stage.said("Tea?")
        assert worker(*worker.stage.take()) == []
        assert worker.stage.bodies == ["Tea?"]
        assert measured() == {"PushesAccepted[fcm]": [1], "PushAge": [2000]}

    def test_badges_are_brought_up_to_date(self, measured: Measured) -> None:
        worker = Worker()
        worker.stage.shown.note({(BOB, PHONE): 3})
        assert worker(Wave(badges=(BOB,))) == []
        assert [each.push for each in worker.stage.service.taken] == [Badge(badge=0)]
        assert measured() == {"BadgesAccepted[fcm]": [1]}

    def test_a_wave_that_cannot_be_looked_at_is_given_back(self, measured: Measured) -> None:
        worker = Worker()
        worker.stage.said()
        waves = worker.stage.take()
        worker.stage.registry.lose()
        assert worker(*waves) == [{"itemIdentifier": "0"}]
        assert measured() == {"RecordsGivenBack": [1]}

    def test_who_is_left_alone_is_counted_by_why(self, measured: Measured) -> None:
        worker = Worker()
        worker.stage.service.answers[PHONE] = Handed(outcome=Outcome.UNCONFIGURED)
        worker.stage.said()
        waves = worker.stage.take()
        worker(*waves)
        worker.stage.read(BOB, 2)
        worker(*waves)
        assert measured() == {"PushesUnconfigured[fcm]": [1], "NotPushed[read]": [1]}
