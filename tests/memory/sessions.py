"""`Sessions` in memory, for tests of what uses them."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from natter.domain.accounts.credentials import Recognised
from natter.domain.accounts.refresh_tokens import RefreshToken, TokenDigests, Turns
from natter.domain.accounts.users import SESSION_IDLE_MS, Session, SessionPlace
from natter.domain.errors import BadCredentials
from natter.domain.ids import SessionId, UserId
from natter.ports.accounts import Sessions
from tests.memory.devices import MemoryDevices


class MemorySessions:
    def __init__(self, devices: MemoryDevices) -> None:
        self._devices = devices
        self._sessions: dict[SessionId, Session] = {}
        self._digests: dict[SessionId, TokenDigests] = {}
        self._turns: dict[SessionId, Turns] = {}
        self._ended: dict[SessionId, int] = {}
        self._refused: set[UserId] = set()

    def open(self, session: Session, digests: TokenDigests) -> None:
        if session.principal.user_id in self._refused:
            raise BadCredentials
        self._devices.opened(session)
        self._sessions.setdefault(session.principal.session_id, session)
        self._digests.setdefault(session.principal.session_id, digests)
        self._turns.setdefault(session.principal.session_id, Turns(digests.turn))

    def recognise(self, shown: RefreshToken, *, at: int) -> Recognised | None:
        session, digests = shown.session_id, shown.digests()
        kept = self._digests.get(session)
        if kept is None or not kept.recognise(digests):
            return None
        return Recognised(self._sessions[session].principal, accepted=self._turns[session].accepts(digests.turn, at=at))

    def rotate(self, shown: RefreshToken, following: RefreshToken, *, at: int) -> bool:
        session, digests = shown.session_id, shown.digests()
        if not self.is_live(session, at=at) or not self._digests[session].recognise(digests):
            return False
        turns = self._turns[session].turned(digests.turn, following.digests().turn, at=at)
        if turns is None:
            return False
        self._turns[session] = turns
        self._sessions[session] = replace(self._sessions[session], refreshed_at=at)
        self._devices.seen(self._sessions[session].principal, at=at)
        return True

    def is_live(self, session: SessionId, *, at: int) -> bool:
        return (
            session in self._sessions
            and session not in self._ended
            and self._sessions[session].refreshed_at > at - SESSION_IDLE_MS
        )

    def live_among(self, sessions: Collection[SessionId], *, at: int) -> frozenset[SessionId]:
        return frozenset(session for session in sessions if self.is_live(session, at=at))

    def find(self, session: SessionId) -> Session | None:
        found = self._sessions.get(session)
        if found is None:
            return None
        return replace(found, device=self._devices.device(found.principal))

    def of_user(self, user: UserId, *, after: SessionPlace | None, limit: int, at: int) -> Sequence[Session]:
        own = self._own(user, at)
        return [each for each in own if after is None or each.place < after][:limit]

    def ids_of_user(self, user: UserId, *, but: SessionId | None, beyond: int, at: int) -> Sequence[SessionId]:
        own = [session.principal.session_id for session in self._own(user, at)]
        return [session for session in own if session != but][beyond:]

    def end(self, sessions: Collection[SessionId], *, at: int) -> None:
        for session in sessions:
            if session in self._sessions and session not in self._ended:
                self._ended[session] = at
                self._devices.ended(self._sessions[session].principal)

    def prune(self, *, ended_before: int, limit: int, at: int) -> int:
        live = [each for each in self._sessions if each not in self._ended]
        idle = [each for each in live if not self.is_live(each, at=at)][:limit]
        self.end(idle, at=at)
        forgotten = [session for session, ended_at in self._ended.items() if ended_at < ended_before][:limit]
        for session in forgotten:
            principal = self._sessions[session].principal
            self._drop(session)
            if not any(_is_on(each, principal.device_id, of=principal.user_id) for each in self._sessions.values()):
                self._devices.forget_one(principal)
        return len(idle) + len(forgotten)

    def refuse(self, user: UserId) -> None:
        """Nobody opens a session of theirs any more."""
        self._refused.add(user)

    def forget(self, user: UserId) -> None:
        for session in [each for each, kept in self._sessions.items() if kept.principal.user_id == user]:
            self._drop(session)
        self._devices.forget(user)

    def _drop(self, session: SessionId) -> None:
        del self._sessions[session], self._digests[session], self._turns[session]
        self._ended.pop(session, None)

    def _own(self, user: UserId, at: int) -> list[Session]:
        found = [self.find(session) for session in self._sessions if self.is_live(session, at=at)]
        own = [session for session in found if session and session.principal.user_id == user]
        return sorted(own, key=lambda session: session.place, reverse=True)


def _is_on(session: Session, device: str, *, of: UserId) -> bool:
    return (session.principal.device_id, session.principal.user_id) == (device, of)


_: type[Sessions] = MemorySessions
