import re
from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.accounts.users import User, is_username
from natter.domain.errors import NotFound
from natter.domain.ids import ID_PATTERN, UserId
from natter.ports.accounts import Profiles


@dataclass(frozen=True, kw_only=True)
class FindUsers:
    """Look people up. Across a block, either way, there is nobody."""

    profiles: Profiles

    def by_name(self, asking: UserId, username: str) -> Sequence[User]:
        """Who has exactly this name: nobody, or one."""
        user = self.profiles.by_name(username, seen_by=asking) if is_username(username) else None
        return [user] if user else []

    def by_id(self, asking: UserId, user_id: str) -> User:
        """
        Raises:
            NotFound: there is nobody with this id.
        """
        known = re.fullmatch(ID_PATTERN, user_id) is not None
        user = self.profiles.by_id(UserId(user_id), seen_by=asking) if known else None
        if user is None:
            raise NotFound("no such user")
        return user
