"""Bring the numbers on icons up to date, silently."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from natter.domain.budgets import PUSHES_S
from natter.domain.clock import NowMs
from natter.domain.ids import DeviceId, UserId
from natter.domain.push.registrations import Handed, Outcome, Registration, Waking
from natter.domain.push.waking import MAX_AGE_MS
from natter.domain.push.wording import Badge
from natter.ports.delivery import Connections
from natter.ports.push import PushRegistrations, PushService, ShownBadges
from natter.usecases.push.compose_pushes import CountUnreadOf


def badges_shown(handed: Iterable[tuple[Waking, Handed]]) -> Mapping[tuple[UserId, DeviceId], int]:
    """The numbers that devices show by what was accepted, but those that are told none on its own."""
    return {
        (waking.registration.user_id, waking.registration.device_id): waking.push.badge
        for waking, result in handed
        if result.outcome is Outcome.ACCEPTED and waking.registration.takes_silent_ones
    }


@dataclass(frozen=True, kw_only=True)
class TellBadges:
    """
    Tell devices that show another number than is true by now, and are not connected: who is counts for themselves.

    Raises:
        Unavailable: a store did not answer in time; doing it again is safe.
    """

    registrations: PushRegistrations
    connections: Connections
    shown: ShownBadges
    count_unread: CountUnreadOf
    service: PushService
    now_ms: NowMs

    def __call__(self, users: Collection[UserId]) -> Sequence[tuple[Waking, Handed]]:
        shown = self.shown.of(users)
        if not shown:
            return ()
        registered = self.registrations.of(shown.keys())
        self._forget_others(shown, registered)
        connected = {each.device_id for several in self.connections.of(shown.keys()).values() for each in several}
        unread = self.count_unread(shown.keys())
        wakings = []
        for user, devices in shown.items():
            badge = Badge(badge=unread[user])
            wakings += [
                Waking(registration=each, push=badge, expires_at=self.now_ms() + MAX_AGE_MS)
                for each in registered.get(user, ())
                if each.takes_silent_ones
                and each.device_id not in connected
                and devices.get(each.device_id, badge.badge) != badge.badge
            ]
        handed = self.service.hand_over(wakings, budget_s=PUSHES_S) if wakings else ()
        results = list(zip(wakings, handed, strict=True))
        self.shown.note(badges_shown(results))
        self.registrations.forget([each.registration for each, result in results if result.outcome is Outcome.DEAD])
        return results

    def _forget_others(
        self,
        shown: Mapping[UserId, Mapping[DeviceId, int]],
        registered: Mapping[UserId, Sequence[Registration]],
    ) -> None:
        """Devices that are registered no more: nobody is told what they show, whatever ended it."""
        there = {(each.user_id, each.device_id) for several in registered.values() for each in several}
        gone = {(user, device) for user, devices in shown.items() for device in devices} - there
        self.shown.note(dict.fromkeys(gone, 0))
