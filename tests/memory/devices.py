"""`Devices` in memory, for tests of what uses them; `MemorySessions` keeps its devices here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from natter.bootstrap.clients import now_ms
from natter.domain.accounts.users import MAX_REGISTRATIONS, Device, KnownDevice, Principal, PushTarget, Session
from natter.domain.clock import NowMs
from natter.domain.ids import DeviceId, SessionId, UserId
from natter.domain.push.registrations import Registration
from natter.ports.accounts import Devices


@dataclass
class Kept:
    device: Device
    last_seen_at: int
    push: Registration | None = None
    live: set[SessionId] = field(default_factory=set)
    """Sessions on it."""


class MemoryDevices:
    def __init__(self, now_ms: NowMs = now_ms) -> None:
        self._kept: dict[tuple[UserId, DeviceId], Kept] = {}
        self._now_ms = now_ms
        self.abandoned: dict[PushTarget, tuple[str, int]] = {}
        """Endpoints without a registration, and since when."""

    def of(self, user: UserId, *, after: DeviceId | None, limit: int) -> Sequence[KnownDevice]:
        own = sorted(device for by, device in self._kept if by == user and (after is None or device > after))
        return [self._known(self._kept[user, device]) for device in own[:limit]]

    def has(self, user: UserId, device: DeviceId) -> bool:
        return (user, device) in self._kept

    def register_push(
        self, user: UserId, device: DeviceId, target: PushTarget, *, endpoint: str | None, at: int
    ) -> bool:
        kept = self._kept.get((user, device))
        if kept is None or not kept.live:
            return False
        for other in [each for each in self._kept.values() if each.push is not None and each.push.target == target]:
            self._drop(other)
        self._drop(kept)
        kept.push = Registration(user_id=user, device_id=device, target=target, endpoint=endpoint, registered_at=at)
        self.abandoned.pop(target, None)
        own = [each for each in self._kept.values() if each.push is not None and each.push.user_id == user]
        for other in sorted(own, key=_latest_first(device))[MAX_REGISTRATIONS:]:
            self._drop(other)
        return True

    def drop_push(self, user: UserId, device: DeviceId) -> bool:
        kept = self._kept.get((user, device))
        if kept is not None:
            self._drop(kept)
        return kept is not None

    def registrations(self, user: UserId) -> Sequence[Registration]:
        """In the order of their devices."""
        return [kept.push for key, kept in sorted(self._kept.items()) if key[0] == user and kept.push is not None]

    def is_registered(self, target: PushTarget) -> bool:
        return any(kept.push is not None and kept.push.target == target for kept in self._kept.values())

    def _drop(self, kept: Kept) -> None:
        if kept.push is not None and kept.push.endpoint is not None:
            self.abandoned[kept.push.target] = kept.push.endpoint, self._now_ms()
        kept.push = None

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
            self._drop(kept)

    def forget(self, user: UserId) -> None:
        for key, kept in self._kept.items():
            if key[0] == user:
                self._drop(kept)
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] != user}

    def forget_one(self, principal: Principal) -> None:
        del self._kept[principal.user_id, principal.device_id]

    def device(self, principal: Principal) -> Device:
        return self._kept[principal.user_id, principal.device_id].device

    def target(self, user: UserId, device: DeviceId) -> PushTarget | None:
        """Where the device is woken."""
        push = self._kept[user, device].push
        return None if push is None else push.target

    def _known(self, kept: Kept) -> KnownDevice:
        push = None if kept.push is None else kept.push.target.provider
        return KnownDevice(device=kept.device, last_seen_at=kept.last_seen_at, push=push)


def _latest_first(device: DeviceId) -> Callable[[Kept], tuple[bool, int, DeviceId]]:
    """`device` itself is the latest."""

    def place(kept: Kept) -> tuple[bool, int, DeviceId]:
        assert kept.push is not None
        return kept.push.device_id != device, -kept.push.registered_at, kept.push.device_id

    return place


_: type[Devices] = MemoryDevices
