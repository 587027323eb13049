"""`SessionStates` in memory, for tests of what uses them."""

from collections.abc import Collection

from natter.domain.accounts.credentials import SessionState
from natter.domain.ids import SessionId
from natter.ports.accounts import SessionStates


class MemorySessionStates:
    def __init__(self) -> None:
        self._states: dict[SessionId, SessionState] = {}

    def get(self, session: SessionId) -> SessionState | None:
        return self._states.get(session)

    def note_live(self, session: SessionId) -> None:
        self._states.setdefault(session, "live")

    def note_ended(self, sessions: Collection[SessionId]) -> None:
        self._states |= dict.fromkeys(sessions, "ended")

    def lose(self) -> None:
        """As a cache that has lost its data."""
        self._states.clear()


_: type[SessionStates] = MemorySessionStates
