from dataclasses import dataclass

from natter.domain.accounts.requests import SignInRequest
from natter.domain.accounts.users import SignedIn
from natter.domain.errors import BadCredentials
from natter.ports.accounts import Users
from natter.usecases.accounts.check_password import CheckPassword
from natter.usecases.accounts.open_session import OpenSession


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
        known = self.check(request.username, request.password, address=request.address, device=request.device.device_id)
        signed_in = self.open_session(known.user_id, request.device)
        if self.users.credentials(request.username) != known:
            self.open_session.undo(signed_in)
            raise BadCredentials
        return signed_in
