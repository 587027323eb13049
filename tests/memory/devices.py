"""`Devices` in memory, for tests of what uses them; `MemorySessions` keeps its devices here."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from natter.domain.accounts.users import Device, KnownDevice, Principal, PushTarget, Session
from natter.domain.ids import DeviceId, SessionId, UserId
from natter.ports.accounts import Devices


@dataclass
class Kept:
    device: Device
    last_seen_at: int
    push: PushTarget | None = None
    live: set[SessionId] = field(default_factory=set)
    """Sessions on it."""


class MemoryDevices:
    def __init__(self) -> None:
        self._kept: dict[tuple[UserId, DeviceId], Kept] = {}

    def of(self, user: UserId, *, after: DeviceId | None, limit: int) -> Sequence[KnownDevice]:
        own = sorted(device for by, device in self._kept if by == user and (after is None or device > after))
        return [self._known(self._kept[user, device]) for device in own[:limit]]

    def register_push(self, user: UserId, device: DeviceId, target: PushTarget, *, at: int) -> bool:  # noqa: ARG002
        kept = self._kept.get((user, device))
        if kept is None or not kept.live:
            return False
        for other in self._kept.values():
            if other.push == target:
                other.push = None
        kept.push = target
        return True

    def drop_push(self, user: UserId, device: DeviceId) -> bool:
        kept = self._kept.get((user, device))
        if kept is not None:
            kept.push = None
        return kept is not None

    def opened(self, session: Session) -> None:
        """A session was begun on its device; a known one keeps what is not said anew."""
        said, principal = session.device, session.principal
        key = (principal.user_id, principal.device_id)
        known = self._kept.setdefault(key, Kept(Device(device_id=said.device_id, platform="other"), 0))
        known.device = replace(
            known.device, name=said.name or known.device.name, platform=said.platform or known.device.platform
        )
        known.live.add(principal.session_id)
        self.seen(principal, at=session.created_at)

    def seen(self, principal: Principal, *, at: int) -> None:
        kept = self._kept[principal.user_id, principal.device_id]
        kept.last_seen_at = max(kept.last_seen_at, at)

    def ended(self, principal: Principal) -> None:
        kept = self._kept[principal.user_id, principal.device_id]
        kept.live.discard(principal.session_id)
        if not kept.live:
            kept.push = None

    def forget(self, user: UserId) -> None:
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] != user}

    def forget_one(self, principal: Principal) -> None:
        del self._kept[principal.user_id, principal.device_id]

    def device(self, principal: Principal) -> Device:
        return self._kept[principal.user_id, principal.device_id].device

    def target(self, user: UserId, device: DeviceId) -> PushTarget | None:
        """Where the device is woken."""
        return self._kept[user, device].push

    def _known(self, kept: Kept) -> KnownDevice:
        push = None if kept.push is None else kept.push.provider
        return KnownDevice(device=kept.device, last_seen_at=kept.last_seen_at, push=push)


_: type[Devices] = MemoryDevices
