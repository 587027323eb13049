"""Port to the devices of users, and where they are woken."""

from collections.abc import Sequence
from typing import Protocol

from natter.domain.ids import DeviceId, UserId
from natter.domain.users import KnownDevice, PushTarget


class Devices(Protocol):
    """
    The devices on which users have signed in.

    A registration for pushes ends with any session of its device (`Sessions.end`), and needs one that is live: of
    a registration and the end of the last session, whichever comes second sees the other.
    All methods raise `Unavailable` when the store does not answer in time.
    """

    def of(self, user: UserId, *, after: DeviceId | None, limit: int) -> Sequence[KnownDevice]:
        """The first `limit` devices of `user` behind `after`, in the order of their ids."""

    def register_push(self, user: UserId, device: DeviceId, target: PushTarget, *, at: int) -> bool:
        """
        Wake the device there from now on, and no other device: a token belongs to who registered it last.

        False, and nothing changed, unless `user` is signed in on `device`. Repeating it is safe.
        """

    def drop_push(self, user: UserId, device: DeviceId) -> bool:
        """Wake it no more; False if `user` has no such device. Not being registered is fine."""
