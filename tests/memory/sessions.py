"""`Sessions` in memory, for tests of what uses them."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from natter.domain.accounts.credentials import Recognised
from natter.domain.accounts.refresh_tokens import RefreshToken, TokenDigests
from natter.domain.accounts.users import Session
from natter.domain.errors import BadCredentials
from natter.domain.ids import SessionId, UserId
from natter.ports.accounts import Sessions
from tests.memory.devices import MemoryDevices


class MemorySessions:
    def __init__(self, devices: MemoryDevices) -> None:
        self._devices = devices
        self._sessions: dict[SessionId, Session] = {}
        self._digests: dict[SessionId, TokenDigests] = {}
        self._ended: set[SessionId] = set()
        self._refused: set[UserId] = set()

    def open(self, session: Session, digests: TokenDigests) -> None:
        if session.principal.user_id in self._refused:
            raise BadCredentials
        self._devices.opened(session)
        self._sessions.setdefault(session.principal.session_id, session)
        self._digests.setdefault(session.principal.session_id, digests)

    def recognise(self, shown: RefreshToken) -> Recognised | None:
        kept = self._digests.get(shown.session_id)
        if kept is None or not kept.recognise(shown.digests()):
            return None
        return Recognised(self._sessions[shown.session_id].principal, current=kept == shown.digests())

    def rotate(self, shown: RefreshToken, following: RefreshToken, *, at: int) -> bool:
        session = shown.session_id
        if not self.is_live(session) or self._digests[session] not in (shown.digests(), following.digests()):
            return False
        self._digests[session] = following.digests()
        self._sessions[session] = replace(self._sessions[session], refreshed_at=at)
        self._devices.seen(self._sessions[session].principal, at=at)
        return True

    def is_live(self, session: SessionId) -> bool:
        return session in self._sessions and session not in self._ended

    def live_among(self, sessions: Collection[SessionId]) -> frozenset[SessionId]:
        return frozenset(filter(self.is_live, sessions))

    def find(self, session: SessionId) -> Session | None:
        found = self._sessions.get(session)
        if found is None:
            return None
        return replace(found, device=self._devices.device(found.principal))

    def of_user(self, user: UserId) -> Sequence[Session]:
        found = [self.find(session) for session in self._sessions if self.is_live(session)]
        own = [session for session in found if session and session.principal.user_id == user]
        return sorted(own, key=lambda session: (session.created_at, session.principal.session_id), reverse=True)

    def end(self, session: SessionId, *, at: int) -> None:  # noqa: ARG002 - nobody asks when
        if self.is_live(session):
            self._ended.add(session)
            self._devices.ended(self._sessions[session].principal)

    def refuse(self, user: UserId) -> None:
        """Nobody opens a session of theirs any more."""
        self._refused.add(user)

    def forget(self, user: UserId) -> None:
        for session in [each for each, kept in self._sessions.items() if kept.principal.user_id == user]:
            del self._sessions[session], self._digests[session]
        self._devices.forget(user)


_: type[Sessions] = MemorySessions
