from dataclasses import dataclass

from natter.domain.accounts.users import KnownDevice, PushTarget
from natter.domain.clock import NowMs
from natter.domain.errors import NotFound
from natter.domain.ids import DeviceId, UserId
from natter.domain.limits import PUSH_REGISTRATIONS
from natter.domain.paging import Page, page_by_id
from natter.domain.push.registrations import canonical
from natter.ports.accounts import Devices
from natter.ports.limits import RateLimits
from natter.ports.push import AbandonedEndpoints, PushEndpoints


@dataclass(frozen=True, kw_only=True)
class KeepDevices:
    """One's own devices, and where each is woken. Those of others are as if unknown."""

    devices: Devices
    endpoints: PushEndpoints
    abandoned: AbandonedEndpoints
    limits: RateLimits
    now_ms: NowMs

    def page(self, user: UserId, *, limit: int, cursor: str | None) -> Page[KnownDevice]:
        """
        Raises:
            BadRequest: the cursor is not one of ours.
        """
        return page_by_id(
            lambda after, most: self.devices.of(user, after=after, limit=most),
            lambda known: known.device.device_id,
            DeviceId,
            limit=limit,
            cursor=cursor,
        )

    def register_push(self, user: UserId, device: DeviceId, target: PushTarget) -> None:
        """
        Wake the device there. Whatever it raises, the device is woken where it was before.

        Raises:
            BadRequest: the platform refuses the token, or it is none.
            NotFound: the user is not signed in on such a device.
            RateLimited: too many of the user's already; no platform was asked.
            Unavailable: a store or the platform does not answer in time; repeating it is safe.
        """
        self.limits.take(PUSH_REGISTRATIONS, user)
        at, target = self.now_ms(), canonical(target)
        self.abandoned.claim(target, at=at)
        endpoint = self.endpoints.make(target)
        if self.devices.register_push(user, device, target, endpoint=endpoint, at=at):
            return
        if endpoint is not None:
            self.abandoned.note(target, endpoint, at=at)
        raise NotFound("no such device")

    def drop_push(self, user: UserId, device: DeviceId) -> None:
        """
        Not being registered is fine.

        Raises:
            NotFound: the user has no such device.
        """
        if not self.devices.drop_push(user, device):
            raise NotFound("no such device")
