from collections.abc import Sequence

from natter.domain.errors import Unavailable
from natter.domain.ids import DeviceId
from natter.domain.push.waves import Wave
from natter.domain.push.wording import BADGE_PACE_MS
from natter.usecases.push.ask_for_badges import AskForBadges
from tests.memory.push import MemoryShownBadges, MemoryWaveQueue
from tests.messages import ANN, BOB

PHONE = DeviceId("bob-phone")


class DownQueue(MemoryWaveQueue):
    def add(self, waves: Sequence[Wave], *, delay_s: int = 0) -> None:
        raise Unavailable(f"the queue, for {len(waves)} in {delay_s} s")


class TestAskForBadges:
    def test_those_are_asked_for_whose_devices_show_something_at_most_once_a_minute(self) -> None:
        shown, queue = MemoryShownBadges(), MemoryWaveQueue()
        ask = AskForBadges(shown=shown, queue=queue)
        shown.note({(BOB, PHONE): 3})
        for _ in range(5):
            ask({ANN, BOB})

        bobs = Wave(badges=(BOB,))
        assert queue.waiting == [(0, bobs), (BADGE_PACE_MS // 1000, bobs)]

    def test_nothing_waits_for_it(self) -> None:
        shown = MemoryShownBadges()
        shown.note({(BOB, PHONE): 3})
        AskForBadges(shown=shown, queue=DownQueue())({BOB})
