from dataclasses import dataclass

from natter.domain.accounts.requests import NewPassword
from natter.domain.accounts.users import Principal
from natter.domain.errors import BadCredentials, Unauthenticated
from natter.ports.accounts import Passwords, Users
from natter.usecases.accounts.check_password import CheckPassword
from natter.usecases.accounts.end_session import EndSessions


@dataclass(frozen=True, kw_only=True)
class ChangePassword:
    """
    Change one's password, and end one's other sessions: whoever knew the old one is out.

    A sign-in with the old password that is under way sees the change, or its session is seen here. Who asks again
    after `Unavailable` may find the password changed already, and is known by the new one.

    Raises:
        BadCredentials: the current password is wrong.
        RateLimited: there were too many wrong ones of this session of late; the new one counts, where it is tried, too.
        Unavailable: it may have been changed, or another session may be live; repeat it.
    """

    users: Users
    passwords: Passwords
    check: CheckPassword
    end_others: EndSessions

    def __call__(self, asking: Principal, request: NewPassword) -> None:
        user = self.users.by_id(asking.user_id)
        if user is None:
            raise Unauthenticated
        known = self.check(
            user.username, request.current, request.new, address=request.address, session=asking.session_id
        )
        if not self.users.replace_password(known, self.passwords.hash(request.new)):
            raise BadCredentials  # somebody else has changed it meanwhile
        self.end_others(asking.user_id, but=asking.session_id)
