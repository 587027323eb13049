from dataclasses import dataclass

from natter.domain.errors import BadCredentials
from natter.domain.users import SignedIn
from natter.ports.identity import Users
from natter.usecases.accounts.check_password import CheckPassword
from natter.usecases.accounts.open_session import OnDevice, OpenSession


@dataclass(frozen=True, kw_only=True, slots=True)
class SignInRequest:
    username: str
    password: str
    device: OnDevice
    address: str
    """Network address that asks."""

    def __repr__(self) -> str:
        return f"SignInRequest({self.username})"


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """
    Begin a session of a user who proves who they are by the password.

    Whether it is the password still is asked once more when the session is open: a change of it meanwhile either has
    seen the session, and ended it, or is seen.

    Raises:
        BadCredentials, RateLimited, Unavailable: as `CheckPassword` says.
    """

    users: Users
    check: CheckPassword
    open_session: OpenSession

    def __call__(self, request: SignInRequest) -> SignedIn:
        known = self.check(request.username, request.password, address=request.address)
        signed_in = self.open_session(known.user_id, request.device)
        if self.users.credentials(request.username) != known:
            self.open_session.undo(signed_in)
            raise BadCredentials
        return signed_in
