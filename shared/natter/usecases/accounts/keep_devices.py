from dataclasses import dataclass

from natter.domain.accounts.users import KnownDevice, PushTarget
from natter.domain.clock import NowMs
from natter.domain.errors import NotFound
from natter.domain.ids import DeviceId, UserId
from natter.domain.paging import Page, page_by_id
from natter.ports.accounts import Devices


@dataclass(frozen=True, kw_only=True)
class KeepDevices:
    """One's own devices, and where each is woken. Those of others are as if unknown."""

    devices: Devices
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
        Raises:
            NotFound: the user is not signed in on such a device.
        """
        if not self.devices.register_push(user, device, target, at=self.now_ms()):
            raise NotFound("no such device")

    def drop_push(self, user: UserId, device: DeviceId) -> None:
        """
        Not being registered is fine.

        Raises:
            NotFound: the user has no such device.
        """
        if not self.devices.drop_push(user, device):
            raise NotFound("no such device")
