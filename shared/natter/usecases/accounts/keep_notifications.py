from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.accounts.notifications import Notifications
from natter.domain.errors import Unauthenticated
from natter.domain.ids import UserId
from natter.ports.accounts import NotificationSettings


@dataclass(frozen=True, kw_only=True)
class KeepNotifications:
    """How one wants to be notified, whatever the conversation. Nobody is told: a device asks when it wants to know."""

    settings: NotificationSettings

    def of(self, user: UserId) -> Notifications:
        return self.settings.of([user])[user]

    def change(self, user: UserId, change: Callable[[Notifications], Notifications]) -> Notifications:
        """
        Raises:
            Unauthenticated: the account is gone.
            Unavailable: it may have been changed; asking again is safe.
        """
        changed = self.settings.change(user, change)
        if changed is None:
            raise Unauthenticated
        return changed
