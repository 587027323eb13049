from dataclasses import dataclass

from natter.domain.ids import DeviceId, SessionId, UserId, new_id
from natter.domain.refresh_tokens import RefreshToken
from natter.domain.users import Device, Platform, Principal, Session, SignedIn
from natter.ports.identity import AccessTokens, Clock, Sessions

ACCESS_TTL_S = 15 * 60
"""An access token's life: long enough to be fetched seldom; ending a session does not wait for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OnDevice:
    """What a client says of the device on which somebody signs in."""

    device_id: DeviceId | None = None
    """None: one never seen before."""
    name: str | None = None
    platform: Platform | None = None


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """Begin a session of a user who has proved who they are."""

    sessions: Sessions
    tokens: AccessTokens
    clock: Clock

    def __call__(self, user: UserId, on: OnDevice) -> SignedIn:
        """
        Raises:
            Unavailable: nobody holds the session's tokens, if it was begun at all.
        """
        now = self.clock()
        principal = Principal(
            user_id=user,
            device_id=on.device_id or DeviceId(new_id()),
            session_id=SessionId(new_id()),
        )
        device = Device(device_id=principal.device_id, name=on.name, platform=on.platform)
        refresh = RefreshToken.first(principal.session_id)
        access = self.tokens.issue(principal, at=now, ttl_s=ACCESS_TTL_S)
        session = Session(principal=principal, device=device, created_at=now, refreshed_at=now)
        self.sessions.open(session, refresh.digests())
        return SignedIn(principal=principal, access_token=access, refresh_token=str(refresh), expires_in_s=ACCESS_TTL_S)

    def undo(self, signed_in: SignedIn) -> None:
        """End a session whose tokens nobody was given yet."""
        self.sessions.end(signed_in.principal.session_id, at=self.clock())
