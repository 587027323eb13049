"""`NotificationSettings` in memory, for tests of what uses them."""

from collections.abc import Callable, Collection, Mapping
from threading import Lock

from natter.domain.accounts.notifications import Notifications
from natter.domain.ids import UserId
from natter.ports.accounts import NotificationSettings, Users
from tests.memory.relations import is_there


class MemoryNotificationSettings:
    def __init__(self, users: Users) -> None:
        self._users = users
        self._kept: dict[UserId, Notifications] = {}
        self._lock = Lock()

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Notifications]:
        return {user: self._kept.get(user, Notifications()) for user in users}

    def change(self, user: UserId, change: Callable[[Notifications], Notifications]) -> Notifications | None:
        with self._lock:
            if not is_there(self._users, user):
                return None
            self._kept[user] = change(self._kept.get(user, Notifications()))
            return self._kept[user]

    def forget(self, user: UserId) -> None:
        self._kept.pop(user, None)


_: type[NotificationSettings] = MemoryNotificationSettings
