from dataclasses import dataclass

from natter.domain.accounts.users import ProfileChange, User
from natter.domain.errors import Unauthenticated
from natter.domain.ids import UserId
from natter.ports.accounts import Users


@dataclass(frozen=True, kw_only=True)
class ChangeProfile:
    """Change how one is shown to others."""

    users: Users

    def __call__(self, user: UserId, change: ProfileChange) -> User:
        changed = self.users.change_profile(user, change)
        if changed is None:
            raise Unauthenticated
        return changed
