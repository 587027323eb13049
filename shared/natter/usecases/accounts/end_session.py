from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import batched

from natter.domain.accounts.users import MAX_SESSIONS, Principal
from natter.domain.clock import NowMs
from natter.domain.errors import NotFound
from natter.domain.ids import SessionId, UserId
from natter.ports.accounts import Sessions, SessionStates
from natter.ports.delivery import Connections
from natter.usecases.accounts.close_connections import CloseConnections

TOGETHER = 1000
"""Sessions that are ended at once: of more, each step stays within a statement's time."""


@dataclass(frozen=True, kw_only=True)
class CloseEnded:
    """
    Close the connections of a user whose sessions have ended.

    Raises:
        Unavailable: as `CloseConnections` says.
    """

    connections: Connections
    close: CloseConnections

    def __call__(self, user: UserId, ended: Callable[[Collection[SessionId]], Collection[SessionId]]) -> None:
        """`ended` says which of some sessions have."""
        found = self.connections.of([user]).get(user, ())
        over = ended({connection.session_id for connection in found}) if found else ()
        self.close([connection for connection in found if connection.session_id in over], signed_out=True)


@dataclass(frozen=True, kw_only=True)
class EndSession:
    """
    End a session, and with it, at once, its tokens, its unused tickets and its connections; and its device's push
    registration, if it was the last live session there.

    The end is marked before the connections are looked up, and `connect` registers before it checks the session
    once more: whichever comes second sees the other. Repeating it is safe.
    """

    sessions: Sessions
    states: SessionStates
    close: CloseEnded
    now_ms: NowMs

    def __call__(self, principal: Principal) -> None:
        """
        Raises:
            Unavailable: it may have ended without everybody knowing yet, or a connection may stay open; repeat it.
        """
        ended = [principal.session_id]
        self.sessions.end(ended, at=self.now_ms())
        self.states.note_ended(ended)
        self.close(principal.user_id, lambda _: ended)


@dataclass(frozen=True, kw_only=True)
class EndSessions:
    """
    End all of a user's sessions, as `EndSession` does; but one, if that one asks. However many there are, it takes a
    few statements.

    Everybody else knows before the sessions' store: where it was interrupted, a session is live there still, and who
    asks again ends it. Connections are closed that somebody who asked before has left open.
    """

    sessions: Sessions
    states: SessionStates
    close: CloseEnded
    now_ms: NowMs

    def __call__(self, user: UserId, *, but: SessionId | None = None) -> None:
        """
        Raises:
            Unavailable: another session may be live, or its connection stay open; repeat it.
        """
        self._end(user, self.sessions.ids_of_user(user, but=but, beyond=0, at=self.now_ms()), but=but)

    def make_room(self, user: UserId, *, but: SessionId) -> None:
        """
        End those that were not used for longest, so that no more than `MAX_SESSIONS` are left, `but` among them.

        Raises:
            Unavailable: as above.
        """
        too_many = self.sessions.ids_of_user(user, but=but, beyond=MAX_SESSIONS - 1, at=self.now_ms())
        if too_many:
            self._end(user, too_many, but=but)

    def _end(self, user: UserId, over: Sequence[SessionId], *, but: SessionId | None) -> None:
        for some in batched(over, TOGETHER, strict=False):
            self.states.note_ended(some)
            self.sessions.end(some, at=self.now_ms())

        def ended(sessions: Collection[SessionId]) -> Collection[SessionId]:
            others = {session for session in sessions if session != but}
            return others - self.sessions.live_among(others, at=self.now_ms())

        self.close(user, ended)


@dataclass(frozen=True, kw_only=True)
class EndOwnSession:
    """End the asking session itself ("current"), or another one of the same user."""

    sessions: Sessions
    end: EndSession

    def __call__(self, asking: Principal, which: str) -> None:
        """
        Raises:
            NotFound: there is no such session of theirs.
            Unavailable: as `EndSession` says.
        """
        if which in ("current", asking.session_id):
            self.end(asking)
            return
        session = self.sessions.find(SessionId(which))
        if session is None or session.principal.user_id != asking.user_id:
            raise NotFound("no such session")
        self.end(session.principal)
