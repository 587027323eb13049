"""Put those back into the queue who are to be looked at once more."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from natter.domain.clock import NowMs
from natter.domain.ids import ConversationId, UserId
from natter.domain.push.registrations import Handed
from natter.domain.push.waking import Message
from natter.domain.push.waves import Candidates, Wave, waves
from natter.ports.push import WaveQueue

MAX_DELAY_S = 900
"""The longest that the queue keeps anything back; what is to wait longer is put back in between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """Somebody who may have to be woken for a message."""

    message: Message
    user_id: UserId


@dataclass(frozen=True, kw_only=True)
class LookAgain:
    """
    Raises:
        Unavailable: some may be missing; adding all of them again is safe.
    """

    queue: WaveQueue
    now_ms: NowMs
    delay_s: Callable[[int], int]
    """How long to leave a platform alone that has refused so often."""

    def at(self, several: Iterable[tuple[Watched, int]], wave: Wave) -> None:
        """Each at its time (milliseconds)."""
        now = self.now_ms()
        self._add([(each, -(-(at - now) // 1000)) for each, at in several], attempt=0, crowd=wave.crowd)

    def after_refusals(self, several: Sequence[tuple[Watched, Handed]], wave: Wave) -> None:
        """When the platform wants it, and later each time."""
        attempt = wave.attempt + 1
        least_s = self.delay_s(attempt) if several else 0
        delayed = [(each, max(least_s, -(-(answer.retry_after_ms or 0) // 1000))) for each, answer in several]
        self._add(delayed, attempt=attempt, crowd=wave.crowd)

    def for_want_of_time(self, several: Sequence[Watched], wave: Wave, *, got_on: bool) -> None:
        """At once; but later each time, where there was no time for anybody at all."""
        attempt = wave.attempt if got_on else wave.attempt + 1
        delay_s = self.delay_s(attempt) if several and not got_on else 0
        self._add([(each, delay_s) for each in several], attempt=attempt, crowd=wave.crowd)

    def when_it_is_time(self, wave: Wave) -> None:
        """The whole of a wave that was handed out too early."""
        self.queue.add([wave], delay_s=min(-(-(wave.not_before - self.now_ms()) // 1000), MAX_DELAY_S))

    def _add(self, delayed: Iterable[tuple[Watched, int]], *, attempt: int, crowd: bool) -> None:
        """Each after its seconds; those of the same are looked at together."""
        together: dict[int, list[Watched]] = {}
        for each, delay_s in delayed:
            together.setdefault(max(0, delay_s), []).append(each)
        now = self.now_ms()
        added = [
            (replace(wave, not_before=now + delay_s * 1000 if delay_s > MAX_DELAY_S else 0), min(delay_s, MAX_DELAY_S))
            for delay_s, some in together.items()
            for wave in waves(_by_messages(some), attempt=attempt, crowd=crowd)
        ]
        if added:
            self.queue.add([wave for wave, _ in added], delay_s=[delay_s for _, delay_s in added])


def _by_messages(several: Iterable[Watched]) -> Iterator[Candidates]:
    """Those together who are looked at for the same messages."""
    messages: dict[tuple[ConversationId, UserId], set[Message]] = {}
    for each in several:
        messages.setdefault((each.message.conversation_id, each.user_id), set()).add(each.message)
    people: dict[tuple[Message, ...], list[UserId]] = {}
    for (_, user), some in messages.items():
        people.setdefault(tuple(sorted(some, key=lambda message: message.seq)), []).append(user)
    for together, users in people.items():
        yield Candidates(messages=together, users=tuple(users))
