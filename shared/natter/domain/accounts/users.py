"""Values of identity: who somebody is, and the sessions and devices through which they speak."""

import re
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from natter.domain.ids import DeviceId, SessionId, UserId

Platform = Literal["ios", "android", "web", "desktop", "other"]
Contactable = Literal["everybody", "contacts"]
"""Who may begin a direct conversation with somebody, or add them to a group; contacts are those that they keep."""
PushProvider = Literal["fcm", "apns", "apns_sandbox", "webpush"]

SESSION_IDLE_MS = 90 * 24 * 3600 * 1000
"""A session that was not refreshed for so long has ended, without anybody's doing."""

MAX_SESSIONS = 100
"""Of one user; one more ends the one that was not used for longest."""

DELETED_NAME = "deleted user"
"""What everybody who was erased is called."""

USERNAME_PATTERN = r"^[a-z0-9_.]{3,32}$"


def is_username(text: str) -> bool:
    """Whether anybody can be called `text`."""
    return re.fullmatch(r"[a-z0-9_.]{3,32}", text) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """On whose behalf something is asked: a user, through one of their devices, in a session that is live."""

    user_id: UserId
    device_id: DeviceId
    session_id: SessionId


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    user_id: UserId
    username: str
    display_name: str
    created_at: int
    """Milliseconds."""
    avatar: str | None = None
    """https URL."""
    contactable: Contactable = "everybody"
    erased: bool = False
    """The account is gone, or about to be; only its id, and the name that nobody gets again, are left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileChange:
    """What becomes of a profile."""

    display_name: str | None = None
    """None: stays."""
    avatar: str | None = None
    changes_avatar: bool = False
    """Whether `avatar` takes the place of what was, None clearing it."""
    contactable: Contactable | None = None
    """None: stays."""

    def apply(self, user: User) -> User:
        return replace(
            user,
            display_name=self.display_name or user.display_name,
            avatar=self.avatar if self.changes_avatar else user.avatar,
            contactable=self.contactable or user.contactable,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """A device, unique within its user: its id may be the client's own."""

    device_id: DeviceId
    name: str | None = None
    platform: Platform | None = None


MAX_REGISTRATIONS = 20
"""Devices on which a user is woken: as many as may be connected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PushTarget:
    """Where a device is woken. Whoever has the token can wake it: kept out of `repr`."""

    provider: PushProvider
    token: str

    def __repr__(self) -> str:
        return f"PushTarget({self.provider})"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownDevice:
    """A device as its user sees it."""

    device: Device
    last_seen_at: int
    """When a session was begun or refreshed on it, milliseconds."""
    push: PushProvider | None
    """Through whom it is woken; None: it is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    principal: Principal
    device: Device
    created_at: int
    refreshed_at: int
    """When it was used last, milliseconds."""

    @property
    def place(self) -> "SessionPlace":
        return SessionPlace(self.refreshed_at, self.principal.session_id)


class SessionPlace(NamedTuple):
    """Where a session stands in the list of its user's, which begins with the one used last."""

    refreshed_at: int
    session_id: SessionId


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """What a client holds while it is signed in. Both tokens are secrets: kept out of `repr`."""

    principal: Principal
    access_token: str
    refresh_token: str
    expires_in_s: int

    def __repr__(self) -> str:
        return f"SignedIn({self.principal!r})"
