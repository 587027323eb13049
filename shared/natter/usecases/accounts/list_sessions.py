from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.accounts.users import Principal, Session
from natter.ports.accounts import Sessions


@dataclass(frozen=True, kw_only=True)
class ListSessions:
    """The asking user's live sessions, newest first."""

    sessions: Sessions

    def __call__(self, asking: Principal) -> Sequence[Session]:
        return self.sessions.of_user(asking.user_id)
