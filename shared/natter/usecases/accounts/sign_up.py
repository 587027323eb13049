from dataclasses import dataclass

from natter.domain.accounts.requests import NewUser
from natter.domain.accounts.users import User
from natter.domain.clock import NowMs
from natter.domain.ids import UserId, new_id
from natter.domain.limits import SIGN_UPS_PER_ADDRESS
from natter.ports.accounts import Passwords, Users
from natter.ports.limits import RateLimits


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """Add a user. Who names no display name is shown under the user name."""

    users: Users
    passwords: Passwords
    limits: RateLimits
    now_ms: NowMs
    per_address: bool
    """Whether addresses are limited."""

    def __call__(self, new: NewUser) -> User:
        if self.per_address:
            self.limits.take(SIGN_UPS_PER_ADDRESS, new.address)
        user = User(
            user_id=UserId(new_id()),
            username=new.username,
            display_name=new.display_name or new.username,
            created_at=self.now_ms(),
        )
        self.users.add(user, self.passwords.hash(new.password))
        return user
