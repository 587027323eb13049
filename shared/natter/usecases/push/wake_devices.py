"""Wake the devices of who is away, each once for each message (P7)."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from natter.domain.budgets import LOOK_S, PUSHES_S, WAVE_MOST_S, WAVE_S
from natter.domain.clock import NowMs
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.push.bursts import Claim
from natter.domain.push.registrations import Handed, Outcome, Registration, Waking
from natter.domain.push.waking import MAX_AGE_MS, Later, Message, Never, Reachable, Wake, decide
from natter.domain.push.waves import Candidates, Wave, only
from natter.domain.push.wording import Push
from natter.ports.push import PushMarks, PushRegistrations, PushService, ShownBadges
from natter.usecases.push.compose_pushes import ComposePushes, ToPush
from natter.usecases.push.look_again import LookAgain, Watched
from natter.usecases.push.look_at_recipients import LookAtRecipients
from natter.usecases.push.tell_badges import badges_shown

_logger = logging.getLogger(__name__)

USERS_AT_ONCE = 50
"""Woken together: what they are told is looked up for all of them."""

PUSHES_AT_ONCE = 200
"""The same, by device and message; of one user there may be more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Woken:
    """What became of a wave, counted by device and message."""

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
    """Who claims: another name for each message and device, since one push stands for several messages."""
    count: int = 1
    """Messages that the push stands for."""

    @property
    def user_id(self) -> UserId:
        return self.registration.user_id

    @property
    def watched(self) -> Watched:
        return Watched(message=self.message, user_id=self.user_id)

    @property
    def claim(self) -> Claim:
        return Claim(
            conversation_id=self.message.conversation_id,
            user_id=self.user_id,
            device_id=self.registration.device_id,
            seq=self.message.seq,
            at=self.message.at,
            by=self.by,
        )

    @property
    def wanted(self) -> ToPush:
        return ToPush(
            message=self.message,
            user_id=self.user_id,
            reachable=self.wishes,
            count=self.count,
        )


@dataclass(kw_only=True, slots=True)
class _Left:
    """Who is looked at again, and why."""

    later: list[tuple[Watched, int]] = field(default_factory=list)
    """With when, milliseconds."""
    refused: list[tuple[Watched, Handed]] = field(default_factory=list)
    untried: list[Watched] = field(default_factory=list)
    """There was no time for them."""


@dataclass(frozen=True, kw_only=True)
class WakeDevices:
    """
    Look at a wave: wake whom it is time to wake, put off whom it is not, leave in peace who knows already.

    A push is marked before it is handed over. A mark is taken back if certainly nothing was handed over, because the
    platform refuses for now or a store of ours fails in between; the device is tried again then, until the message is
    an hour old. If the platform does not answer, or this function dies, the mark stays: better no push than two.

    So that it does not die of its time limit while marks are set, few devices are marked at once, and nobody any more
    when it is late, or the look was a while ago: who is left goes back into the queue, and is looked at again.

    Raises:
        Unavailable: a store did not answer in time. Looking at the wave again is safe.
    """

    registrations: PushRegistrations
    look: LookAtRecipients
    compose: ComposePushes
    marks: PushMarks
    shown: ShownBadges
    service: PushService
    again: LookAgain
    now_ms: NowMs
    new_id: Callable[[], str]

    def __call__(self, wave: Wave) -> Woken:
        began = self.now_ms()
        if began < wave.not_before:
            self.again.when_it_is_time(wave)
            return Woken()
        registered = self.registrations.of({user for each in wave.candidates for user in each.users})
        candidates = only(wave.candidates, registered.keys())
        woken = Woken(never=Counter(unregistered=_pairs(wave.candidates) - _pairs(candidates)))
        if not candidates:
            return woken
        due, left = self._decided(candidates, registered, woken)
        looked = self.now_ms()
        for some in _portions(due):
            if self._took_s(began) < WAVE_S and self._took_s(looked) < LOOK_S:
                self._handed_over(self._claimed(some, left), began, left, woken)
            else:
                left.untried += [each.watched for each in some]
        self.again.at(left.later, wave)
        self.again.after_refusals(left.refused, wave)
        self.again.for_want_of_time(left.untried, wave, got_on=len(left.untried) < len(due))
        return woken

    def _decided(
        self, candidates: Sequence[Candidates], registered: Mapping[UserId, Sequence[Registration]], woken: Woken
    ) -> tuple[list[_Due], _Left]:
        recipients, now = self.look(candidates), self.now_ms()
        due: list[_Due] = []
        left = _Left()
        for each in candidates:
            for user in each.users:
                recipient = recipients[each.conversation_id, user]
                for message in each.messages:
                    for registration in registered[user]:
                        match decide(message, recipient, registration.device_id, now):
                            case Wake(wishes=wishes):
                                due.append(
                                    _Due(message=message, wishes=wishes, registration=registration, by=self.new_id())
                                )
                            case Later(at=at):
                                left.later.append((Watched(message=message, user_id=user), at))
                            case Never(reason=reason):
                                woken.never[reason] += 1
        return due, left

    def _claimed(self, due: Sequence[_Due], left: _Left) -> list[_Due]:
        """Those that are this invocation's to push. Of a window that is not over, its newest comes again for all."""
        mine: list[_Due] = []
        gathering: dict[tuple[ConversationId, Registration, int], _Due] = {}
        claims = self.marks.claim([each.claim for each in due], now=self.now_ms())
        for each, claimed in zip(due, claims, strict=True):
            match claimed.turn:
                case "single":
                    mine.append(each)
                case "summary":
                    mine.append(replace(each, count=claimed.count))
                case "later":
                    window = each.message.conversation_id, each.registration, claimed.due_at
                    gathering[window] = max(gathering.get(window, each), each, key=lambda one: one.message.seq)
                case "again":
                    pass
        left.later += [(each.watched, due_at) for (_, _, due_at), each in gathering.items()]
        return mine

    def _handed_over(self, mine: Sequence[_Due], began: int, left: _Left, woken: Woken) -> None:
        """Those that were refused, or that it is too late for, may be claimed again."""
        if not mine:
            return
        try:
            pushes = self.compose([each.wanted for each in mine])
        except BaseException:
            self.marks.release([each.claim for each in mine])
            raise
        budget_s = min(PUSHES_S, WAVE_MOST_S - self._took_s(began))
        if budget_s <= 0:
            self.marks.release([each.claim for each in mine])
            left.untried += [each.watched for each in mine]
            return
        telling = [(each, push) for each, push in zip(mine, pushes, strict=True) if push is not None]
        woken.never["gone"] += len(mine) - len(telling)
        wakings = [_waking(each, push) for each, push in telling]
        results = self.service.hand_over(wakings, budget_s=budget_s) if wakings else ()
        handed = [(each, result) for (each, _), result in zip(telling, results, strict=True)]
        self._count(handed, woken)
        self._note_badges(wakings, results)
        refused = [(each, result) for each, result in handed if result.outcome is Outcome.REFUSED]
        self.marks.release([each.claim for each, _ in refused])
        self.registrations.forget([each.registration for each, result in handed if result.outcome is Outcome.DEAD])
        left.refused += [(each.watched, result) for each, result in refused]

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

    def _took_s(self, began: int) -> float:
        return (self.now_ms() - began) / 1000


def _pairs(candidates: Iterable[Candidates]) -> int:
    return sum(each.pairs for each in candidates)


def _portions(due: Sequence[_Due]) -> Iterator[list[_Due]]:
    """What is claimed together: all of a user, whose pushes of a conversation are counted together."""
    by_user: dict[UserId, list[_Due]] = {}
    for each in due:
        by_user.setdefault(each.user_id, []).append(each)
    together: list[_Due] = []
    users = 0
    for some in by_user.values():
        if together and (users == USERS_AT_ONCE or len(together) + len(some) > PUSHES_AT_ONCE):
            yield together
            together, users = [], 0
        together += some
        users += 1
    if together:
        yield together


def _waking(due: _Due, push: Push) -> Waking:
    return Waking(registration=due.registration, push=push, expires_at=due.message.at + MAX_AGE_MS)
