from collections.abc import Sequence
from threading import Event

from natter.domain.errors import Unavailable
from natter.domain.ids import DeviceId, UserId
from natter.domain.push.badges import PACE_MS, STEP_MS
from natter.domain.push.waves import WAVE_BADGES, Wave
from natter.ports.push import WaveQueue
from natter.usecases.push.ask_for_badges import AskForBadges
from tests.memory.push import MemoryShownBadges, MemoryWaveQueue
from tests.messages import ANN, BOB, NOON

PHONE = DeviceId("bob-phone")


class Icons:
    """Everybody in `people` has a phone that shows three; so has Bob."""

    def __init__(self, queue: WaveQueue, *people: UserId, budget_s: float = 30) -> None:
        self.now = NOON
        shown = MemoryShownBadges()
        shown.note(dict.fromkeys([(user, PHONE) for user in (BOB, *people)], 3))
        self.ask = AskForBadges(shown=shown, queue=queue, now_ms=lambda: self.now, budget_s=budget_s)


class SlowQueue(MemoryWaveQueue):
    """Takes nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.open = Event()

    def add(self, waves: Sequence[Wave], *, delay_s: int | Sequence[int] = 0) -> None:
        assert self.open.wait(30)
        super().add(waves, delay_s=delay_s)


class DownQueue(MemoryWaveQueue):
    def add(self, waves: Sequence[Wave], *, delay_s: int | Sequence[int] = 0) -> None:
        raise Unavailable(f"the queue, for {len(waves)} in {delay_s} s")


class TestAskForBadges:
    def test_those_are_asked_for_whose_devices_show_something_at_most_once_a_minute(self) -> None:
        queue = MemoryWaveQueue()
        icons = Icons(queue)
        for _ in range(5):
            icons.ask({ANN: None, BOB: None})

        bobs = Wave(badges=(BOB,))
        assert queue.waiting == [(0, bobs), (PACE_MS // 1000, bobs)]

    def test_nobody_is_asked_for_who_has_read_on_the_one_device_that_shows_something(self) -> None:
        queue = MemoryWaveQueue()
        icons = Icons(queue, ANN)
        icons.ask({ANN: PHONE, BOB: DeviceId("bob-laptop")})
        assert queue.waiting == [(0, Wave(badges=(BOB,)))]

    def test_many_are_few_waves_whenever_they_were_told(self) -> None:
        """Which are one call of the queue, or two: it was one for each second of the minute."""
        queue = MemoryWaveQueue()
        people = [UserId(f"u{number:02}") for number in range(60)]
        icons = Icons(queue, *people)
        for user in people:
            icons.now += 1_000
            icons.ask({user: None})
        queue.waiting.clear()
        icons.ask(dict.fromkeys(people))

        asked = [user for _, wave in queue.waiting for user in wave.badges]
        assert sorted(asked) == people
        assert len(queue.waiting) <= PACE_MS // STEP_MS + 1
        assert all(len(wave.badges) <= WAVE_BADGES for _, wave in queue.waiting)

    def test_nothing_fails_because_of_it(self) -> None:
        Icons(DownQueue()).ask({BOB: None})

    def test_nothing_waits_for_a_queue_that_takes_long(self) -> None:
        queue = SlowQueue()
        icons = Icons(queue, ANN, budget_s=0.01)
        icons.ask({BOB: None})
        icons.ask({ANN: None})  # nor is anything piled up
        assert queue.waiting == []

        queue.open.set()
        icons.ask.finish()
        assert [wave.badges for _, wave in queue.waiting] == [(BOB,)]
