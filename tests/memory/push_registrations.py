"""Where devices are woken, in memory: registrations as `MemoryDevices` keeps them, and their endpoints."""

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet

from natter.domain.accounts.users import PushTarget
from natter.domain.errors import NatterError
from natter.domain.ids import UserId
from natter.domain.push.registrations import Registration
from natter.ports.push import AbandonedEndpoints, PushEndpointRemoval, PushEndpoints, PushRegistrations
from tests.memory.devices import MemoryDevices


class KeptPushRegistrations:
    """Those that `devices` keeps."""

    def __init__(self, devices: MemoryDevices) -> None:
        self._devices = devices

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Sequence[Registration]]:
        found = {user: self._devices.registrations(user) for user in users}
        return {user: registrations for user, registrations in found.items() if registrations}

    def among(self, users: Collection[UserId]) -> AbstractSet[UserId]:
        return self.of(users).keys()

    def forget(self, registrations: Collection[Registration]) -> None:
        for each in registrations:
            for kept in self._devices.registrations(each.user_id):
                same = (kept.device_id, kept.target) == (each.device_id, each.target)
                if same and kept.registered_at <= each.registered_at:
                    self._devices.drop_push(kept.user_id, kept.device_id)


class MemoryAbandonedEndpoints:
    """Those that `devices` has left behind."""

    def __init__(self, devices: MemoryDevices) -> None:
        self._devices = devices

    def claim(self, target: PushTarget, *, at: int) -> None:
        if target in self._devices.abandoned:
            endpoint, since = self._devices.abandoned[target]
            self._devices.abandoned[target] = endpoint, max(since, at)

    def note(self, target: PushTarget, endpoint: str, *, at: int) -> None:
        if not self._devices.is_registered(target):
            self._devices.abandoned[target] = endpoint, at

    def remove_one(self, remove: Callable[[str], None], *, abandoned_before: int) -> bool:
        abandoned = self._devices.abandoned
        waiting = [target for target, (_, at) in abandoned.items() if at < abandoned_before]
        if not waiting:
            return False
        oldest = min(waiting, key=lambda target: abandoned[target][1])
        remove(abandoned[oldest][0])
        del abandoned[oldest]
        return True


class MemoryPushEndpoints:
    """A platform that has one endpoint for each token."""

    def __init__(self) -> None:
        self.made: dict[PushTarget, str] = {}
        self.configured = True
        self.fails: NatterError | None = None

    def make(self, target: PushTarget) -> str | None:
        if self.fails is not None:
            raise self.fails
        return self.made.setdefault(target, f"endpoint/{target.token}") if self.configured else None

    def remove(self, endpoint: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.made = {target: made for target, made in self.made.items() if made != endpoint}


_registrations: type[PushRegistrations] = KeptPushRegistrations
_abandoned: type[AbandonedEndpoints] = MemoryAbandonedEndpoints
_endpoints: type[PushEndpoints] = MemoryPushEndpoints
_removal: type[PushEndpointRemoval] = MemoryPushEndpoints
