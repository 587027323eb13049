"""`Identities` in memory, for tests of what uses them."""

from natter.domain.accounts.identities import Identity
from natter.domain.accounts.users import User
from natter.domain.ids import UserId
from natter.ports.accounts import Identities
from tests.memory.users import MemoryUsers


class MemoryIdentities:
    def __init__(self, users: MemoryUsers) -> None:
        self._users = users
        self._known: dict[tuple[str, str], UserId] = {}

    def find(self, identity: Identity) -> UserId | None:
        return self._known.get((identity.issuer, identity.subject))

    def add(self, identity: Identity, user: User) -> UserId:
        known = self.find(identity)
        if known is not None:
            return known
        self._users.add_without_password(user)
        self._known[identity.issuer, identity.subject] = user.user_id
        return user.user_id

    def forget(self, user: UserId) -> None:
        self._known = {each: known for each, known in self._known.items() if known != user}


_: type[Identities] = MemoryIdentities
