"""`Users` in memory, for tests of what uses them."""

from dataclasses import replace

from natter.domain.accounts.credentials import Credentials
from natter.domain.accounts.users import DELETED_NAME, ProfileChange, User
from natter.domain.errors import UsernameTaken
from natter.domain.ids import UserId
from natter.ports.accounts import Users


class MemoryUsers:
    def __init__(self) -> None:
        self._by_id: dict[UserId, User] = {}
        self._by_name: dict[str, User] = {}
        self._hashes: dict[UserId, str] = {}

    def add(self, user: User, password_hash: str) -> None:
        if user.user_id not in self._by_id:
            self.add_without_password(user)
            self._hashes[user.user_id] = password_hash

    def add_without_password(self, user: User) -> None:
        if user.username in self._by_name:
            raise UsernameTaken
        self._by_id[user.user_id] = self._by_name[user.username] = user

    def by_id(self, user: UserId) -> User | None:
        return self._by_id.get(user)

    def by_name(self, username: str) -> User | None:
        return self._by_name.get(username)

    def credentials(self, username: str) -> Credentials | None:
        user = self._by_name.get(username)
        password_hash = None if user is None else self._hashes.get(user.user_id)
        return None if user is None or password_hash is None else Credentials(user.user_id, password_hash)

    def change_profile(self, user: UserId, change: ProfileChange) -> User | None:
        if user not in self._by_id or self._by_id[user].erased:
            return None
        changed = change.apply(self._by_id[user])
        self._by_id[user] = self._by_name[changed.username] = changed
        return changed

    def erase(self, user: UserId) -> None:
        erased = replace(
            self._by_id[user], display_name=DELETED_NAME, avatar=None, contactable="everybody", erased=True
        )
        self._by_id[user] = self._by_name[erased.username] = erased
        self._hashes.pop(user, None)

    def replace_password(self, known: Credentials, password_hash: str) -> bool:
        if self._hashes.get(known.user_id) not in (known.password_hash, password_hash):
            return False
        self._hashes[known.user_id] = password_hash
        return True


_: type[Users] = MemoryUsers
