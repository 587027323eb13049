"""Wake the devices of who is away, each once for each message (P7)."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from natter.domain.budgets import PUSHES_S
from natter.domain.clock import NowMs
from natter.domain.errors import Unavailable
from natter.domain.ids import UserId
from natter.domain.push.bursts import Claim
from natter.domain.push.registrations import Handed, Outcome, Registration, Waking
from natter.domain.push.waking import MAX_AGE_MS, Later, Message, Never, Reachable, Wake, decide
from natter.domain.push.waves import Candidates, Wave, only, waves
from natter.domain.push.wording import Push
from natter.ports.push import PushMarks, PushRegistrations, PushService, ShownBadges, WaveQueue
from natter.usecases.push.compose_pushes import ComposePushes, ToPush
from natter.usecases.push.look_at_recipients import LookAtRecipients
from natter.usecases.push.tell_badges import badges_shown

_logger = logging.getLogger(__name__)

MAX_DELAY_S = 900
"""The longest that the queue keeps anything back; what is to wait longer is looked at in between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Woken:
    """What became of a wave, counted by device."""

    handed: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    """By platform."""
    never: Counter[str] = field(default_factory=Counter)
    """Why devices were not woken."""
    ages: list[int] = field(default_factory=list)
    """Of what was accepted: from the message until then, milliseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Due:
    """A device that is woken now, if it was not before."""

    message: Message
    wishes: Reachable
    registration: Registration
    by: str
    """Who looks: this invocation."""
    count: int = 1
    """Messages that the push stands for."""

    @property
    def user_id(self) -> UserId:
        return self.registration.user_id

    @property
    def claim(self) -> Claim:
        return Claim(
            conversation_id=self.message.conversation_id,
            user_id=self.registration.user_id,
            device_id=self.registration.device_id,
            seq=self.message.seq,
            at=self.message.at,
            by=self.by,
        )

    @property
    def wanted(self) -> ToPush:
        return ToPush(
            message=self.message,
            user_id=self.registration.user_id,
            reachable=self.wishes,
            count=self.count,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _PutOff:
    """Somebody who is looked at again."""

    message: Message
    user_id: UserId
    until: int


@dataclass(frozen=True, kw_only=True)
class WakeDevices:
    """
    Look at a wave: wake whom it is time to wake, put off whom it is not, leave in peace who knows already.

    A push is marked before it is handed over. A mark is taken back if certainly nothing was handed over, because the
    platform refuses for now or a store of ours fails in between; the device is tried again then, until the message is
    an hour old. If the platform does not answer, or this function dies, the mark stays: better no push than two.

    Raises:
        Unavailable: a store did not answer in time. Looking at the wave again is safe.
    """

    registrations: PushRegistrations
    look: LookAtRecipients
    compose: ComposePushes
    marks: PushMarks
    shown: ShownBadges
    service: PushService
    queue: WaveQueue
    now_ms: NowMs
    new_id: Callable[[], str]
    delay_s: Callable[[int], int]
    """How long to leave a platform alone that has refused so often."""

    def __call__(self, wave: Wave) -> Woken:
        registered = self.registrations.of({user for each in wave.candidates for user in each.users})
        candidates = only(wave.candidates, registered.keys())
        woken = Woken(never=Counter(unregistered=_people(wave.candidates) - _people(candidates)))
        if candidates:
            due, later = self._decided(candidates, registered, woken)
            mine, gathering = self._claimed(due)
            refused = self._handed_over(mine, woken)
            self._put_off([*later, *gathering])
            self._try_again(refused, wave.attempt + 1)
        return woken

    def _decided(
        self, candidates: Sequence[Candidates], registered: Mapping[UserId, Sequence[Registration]], woken: Woken
    ) -> tuple[list[_Due], list[_PutOff]]:
        recipients, now, by = self.look(candidates), self.now_ms(), self.new_id()
        due: list[_Due] = []
        later: list[_PutOff] = []
        for each in candidates:
            for user in each.users:
                recipient = recipients[each.message.conversation_id, user]
                for registration in registered[user]:
                    match decide(each.message, recipient, registration.device_id, now):
                        case Wake(wishes=wishes):
                            due.append(_Due(message=each.message, wishes=wishes, registration=registration, by=by))
                        case Later(at=at):
                            later.append(_PutOff(message=each.message, user_id=user, until=at))
                        case Never(reason=reason):
                            woken.never[reason] += 1
        return due, later

    def _claimed(self, due: Sequence[_Due]) -> tuple[list[_Due], list[_PutOff]]:
        """Those that are this invocation's to push; and those whose window is not over."""
        mine: list[_Due] = []
        gathering: list[_PutOff] = []
        claims = self.marks.claim([each.claim for each in due], now=self.now_ms())
        for each, claimed in zip(due, claims, strict=True):
            match claimed.turn:
                case "single":
                    mine.append(each)
                case "summary":
                    mine.append(replace(each, count=claimed.count))
                case "later":
                    user = each.registration.user_id
                    gathering.append(_PutOff(message=each.message, user_id=user, until=claimed.due_at))
                case "again":
                    pass
        return mine, gathering

    def _handed_over(self, mine: Sequence[_Due], woken: Woken) -> list[tuple[_Due, Handed]]:
        """Returns those that were refused, and may be claimed again."""
        try:
            pushes = self.compose([each.wanted for each in mine]) if mine else ()
        except BaseException:
            self.marks.release([each.claim for each in mine])
            raise
        telling = [(each, push) for each, push in zip(mine, pushes, strict=True) if push is not None]
        woken.never["gone"] += len(mine) - len(telling)
        wakings = [_waking(each, push) for each, push in telling]
        results = self.service.hand_over(wakings, budget_s=PUSHES_S) if wakings else ()
        handed = [(each, result) for (each, _), result in zip(telling, results, strict=True)]
        self._count(handed, woken)
        self._note_badges(wakings, results)
        refused = [(each, result) for each, result in handed if result.outcome is Outcome.REFUSED]
        self.marks.release([each.claim for each, _ in refused])
        self.registrations.forget([each.registration for each, result in handed if result.outcome is Outcome.DEAD])
        return refused

    def _note_badges(self, wakings: Sequence[Waking], results: Sequence[Handed]) -> None:
        """Best effort: nothing that was handed over is handed over again because of it."""
        try:
            self.shown.note(badges_shown(zip(wakings, results, strict=True)))
        except Unavailable as error:
            _logger.warning("it is not noted which badges are shown: %s", error)

    def _count(self, handed: Sequence[tuple[_Due, Handed]], woken: Woken) -> None:
        now = self.now_ms()
        for each, result in handed:
            woken.handed[each.registration.target.provider, result.outcome] += 1
            if result.outcome is Outcome.ACCEPTED:
                woken.ages.append(now - each.message.at)

    def _put_off(self, several: Sequence[_PutOff]) -> None:
        """To when they are due."""
        now = self.now_ms()
        self._queue({each: -(-(each.until - now) // 1000) for each in several})

    def _try_again(self, refused: Sequence[tuple[_Due, Handed]], attempt: int) -> None:
        """When the platform wants it, and later each time."""
        least_s = self.delay_s(attempt) if refused else 0
        self._queue(
            {each: max(least_s, -(-(result.retry_after_ms or 0) // 1000)) for each, result in refused}, attempt=attempt
        )

    def _queue(self, delays_s: Mapping[_PutOff | _Due, int], *, attempt: int = 0) -> None:
        """Each after its delay; those of the same are looked at together."""
        together: dict[int, list[_PutOff | _Due]] = {}
        for each, delay_s in delays_s.items():
            together.setdefault(min(max(0, delay_s), MAX_DELAY_S), []).append(each)
        for delay_s, some in together.items():
            again = _by_message((each.message, each.user_id) for each in some)
            self.queue.add(list(waves(again, attempt=attempt)), delay_s=delay_s)


def _people(candidates: Iterable[Candidates]) -> int:
    return sum(len(each.users) for each in candidates)


def _by_message(several: Iterable[tuple[Message, UserId]]) -> Iterator[Candidates]:
    users: dict[Message, dict[UserId, None]] = {}
    for message, user in several:
        users.setdefault(message, {})[user] = None
    for message, some in users.items():
        yield Candidates(message=message, users=tuple(some))


def _waking(due: _Due, push: Push) -> Waking:
    return Waking(registration=due.registration, push=push, expires_at=due.message.at + MAX_AGE_MS)
