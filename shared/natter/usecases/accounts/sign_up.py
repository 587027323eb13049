from dataclasses import dataclass

from natter.domain.ids import UserId, new_id
from natter.domain.limits import SIGN_UPS_PER_ADDRESS
from natter.domain.users import User
from natter.ports.identity import Clock, Passwords, Users
from natter.ports.limits import RateLimits


@dataclass(frozen=True, kw_only=True, slots=True)
class NewUser:
    username: str
    password: str
    display_name: str | None
    address: str
    """Network address that asks."""

    def __repr__(self) -> str:
        return f"NewUser({self.username})"


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """Add a user. Who names no display name is shown under the user name."""

    users: Users
    passwords: Passwords
    limits: RateLimits
    clock: Clock
    per_address: bool
    """Whether addresses are limited."""

    def __call__(self, new: NewUser) -> User:
        if self.per_address:
            self.limits.take(SIGN_UPS_PER_ADDRESS, new.address)
        user = User(
            user_id=UserId(new_id()),
            username=new.username,
            display_name=new.display_name or new.username,
            created_at=self.clock(),
        )
        self.users.add(user, self.passwords.hash(new.password))
        return user
