import re
from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.errors import NotFound
from natter.domain.ids import ID_PATTERN, UserId
from natter.domain.users import User, is_username
from natter.ports.identity import Users


@dataclass(frozen=True, kw_only=True)
class FindUsers:
    """Look people up."""

    users: Users

    def by_name(self, username: str) -> Sequence[User]:
        """Who has exactly this name: nobody, or one."""
        user = self.users.by_name(username) if is_username(username) else None
        return [user] if user else []

    def by_id(self, user_id: str) -> User:
        """
        Raises:
            NotFound: there is nobody with this id.
        """
        user = self.users.by_id(UserId(user_id)) if re.fullmatch(ID_PATTERN, user_id) else None
        if user is None:
            raise NotFound("no such user")
        return user
