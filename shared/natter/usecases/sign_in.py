from dataclasses import dataclass

from natter.domain.errors import BadCredentials
from natter.domain.ids import DeviceId, SessionId, UserId, new_id
from natter.domain.limits import FAILED_SIGN_INS_PER_ADDRESS, FAILED_SIGN_INS_PER_NAME
from natter.domain.refresh_tokens import RefreshToken
from natter.domain.users import Device, Platform, Principal, Session, SignedIn, is_username
from natter.ports.identity import AccessTokens, Clock, Passwords, Sessions, Users
from natter.ports.limits import RateLimits

ACCESS_TTL_S = 15 * 60
"""An access token's life: long enough to be fetched seldom; ending a session does not wait for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignInRequest:
    username: str
    password: str
    device_id: DeviceId | None
    """None: a device never seen before."""
    device_name: str | None
    platform: Platform | None
    address: str
    """Network address that asks."""

    def __repr__(self) -> str:
        return f"SignInRequest({self.username})"


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """
    Begin a session of a user who proves who they are by the password.

    An unknown name and a wrong password are the same: in the answer, in the work done, in what is counted.
    """

    users: Users
    passwords: Passwords
    sessions: Sessions
    tokens: AccessTokens
    limits: RateLimits
    clock: Clock
    per_address: bool
    """Whether addresses are limited."""

    def __call__(self, request: SignInRequest) -> SignedIn:
        return self._open(self._user(request), request)

    def _user(self, request: SignInRequest) -> UserId:
        # The look-up comes first: when it fails, nothing has been counted as a failed sign-in.
        known = self.users.credentials(request.username) if is_username(request.username) else None
        buckets = [(FAILED_SIGN_INS_PER_NAME, request.username)]
        if self.per_address:
            buckets.append((FAILED_SIGN_INS_PER_ADDRESS, request.address))
        for bucket, key in buckets:  # taken before the check, so guesses made at the same time count too
            self.limits.take(bucket, key)
        matches = self.passwords.verify(known.password_hash if known else None, request.password)
        if known is None or not matches:
            raise BadCredentials
        for bucket, key in buckets:
            self.limits.give_back(bucket, key)
        return known.user_id

    def _open(self, user: UserId, request: SignInRequest) -> SignedIn:
        now = self.clock()
        principal = Principal(
            user_id=user,
            device_id=request.device_id or DeviceId(new_id()),
            session_id=SessionId(new_id()),
        )
        device = Device(device_id=principal.device_id, name=request.device_name, platform=request.platform)
        refresh = RefreshToken.first(principal.session_id)
        access = self.tokens.issue(principal, at=now, ttl_s=ACCESS_TTL_S)
        session = Session(principal=principal, device=device, created_at=now, refreshed_at=now)
        self.sessions.open(session, refresh.digests())
        return SignedIn(principal=principal, access_token=access, refresh_token=str(refresh), expires_in_s=ACCESS_TTL_S)
