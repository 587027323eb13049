"""`Users` in memory, for tests of what uses them."""

from natter.domain.errors import UsernameTaken
from natter.domain.ids import UserId
from natter.domain.users import User
from natter.ports.identity import Credentials, Users


class MemoryUsers:
    def __init__(self) -> None:
        self._by_id: dict[UserId, User] = {}
        self._by_name: dict[str, User] = {}
        self._hashes: dict[UserId, str] = {}

    def add(self, user: User, password_hash: str) -> None:
        if user.user_id in self._by_id:
            return
        if user.username in self._by_name:
            raise UsernameTaken
        self._by_id[user.user_id] = self._by_name[user.username] = user
        self._hashes[user.user_id] = password_hash

    def by_id(self, user: UserId) -> User | None:
        return self._by_id.get(user)

    def by_name(self, username: str) -> User | None:
        return self._by_name.get(username)

    def credentials(self, username: str) -> Credentials | None:
        user = self._by_name.get(username)
        return None if user is None else Credentials(user.user_id, self._hashes[user.user_id])


_: type[Users] = MemoryUsers
