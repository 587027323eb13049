from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.accounts.notifications import Notifications
from natter.domain.accounts.users import Principal
from natter.domain.errors import Unauthenticated
from natter.domain.ids import UserId
from natter.ports.accounts import NotificationSettings
from natter.ports.frames import Frames
from natter.usecases.delivery.tell import Tell


@dataclass(frozen=True, kw_only=True)
class KeepNotifications:
    """How one wants to be notified, whatever the conversation. One's other devices are told, best effort."""

    settings: NotificationSettings
    tell: Tell
    frames: Frames

    def of(self, user: UserId) -> Notifications:
        return self.settings.of([user])[user]

    def change(self, principal: Principal, change: Callable[[Notifications], Notifications]) -> Notifications:
        """
        Raises:
            Unauthenticated: the account is gone.
            Unavailable: it may have been changed; asking again is safe.
        """
        changed = self.settings.change(principal.user_id, change)
        if changed is None:
            raise Unauthenticated
        self.tell(self.frames.notifications(changed), [principal.user_id], but_device=principal.device_id)
        return changed
