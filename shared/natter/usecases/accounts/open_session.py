from dataclasses import dataclass

from natter.domain.accounts.refresh_tokens import RefreshToken
from natter.domain.accounts.requests import OnDevice
from natter.domain.accounts.users import Device, Principal, Session, SignedIn
from natter.domain.clock import NowMs
from natter.domain.ids import DeviceId, SessionId, UserId, new_id
from natter.ports.accounts import AccessTokens, Sessions
from natter.usecases.accounts.end_session import EndSessions

ACCESS_TTL_S = 15 * 60
"""An access token's life: long enough to be fetched seldom; ending a session does not wait for it."""


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """
    Begin a session of a user who has proved who they are. Of more than `MAX_SESSIONS`, those that were not used for
    longest give way.
    """

    sessions: Sessions
    tokens: AccessTokens
    end_sessions: EndSessions
    now_ms: NowMs

    def __call__(self, user: UserId, on: OnDevice) -> SignedIn:
        """
        Raises:
            Unavailable: nobody holds the session's tokens, if it was begun at all.
        """
        now = self.now_ms()
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
        self.end_sessions.make_room(user, but=principal.session_id)
        return SignedIn(principal=principal, access_token=access, refresh_token=str(refresh), expires_in_s=ACCESS_TTL_S)

    def undo(self, signed_in: SignedIn) -> None:
        """End a session whose tokens nobody was given yet."""
        self.sessions.end([signed_in.principal.session_id], at=self.now_ms())
