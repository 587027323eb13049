from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.accounts.users import Principal
from natter.domain.clock import Clock
from natter.domain.delivery import Post
from natter.domain.errors import NotFound, Unavailable
from natter.domain.ids import SessionId, UserId
from natter.ports.accounts import Sessions, SessionStates
from natter.ports.delivery import Connections, Gateway
from natter.ports.frames import Frames

TELL_BUDGET_S = 0.5
"""How long the end of a session waits for a slow gateway before it closes the connections anyway."""


@dataclass(frozen=True, kw_only=True)
class CloseConnections:
    """
    Close connections of sessions that have ended. Best effort, they are told why.

    Raises:
        Unavailable: one may still be open.
    """

    connections: Connections
    gateway: Gateway
    frames: Frames

    def __call__(self, user: UserId, ended: Callable[[SessionId], bool]) -> None:
        found = self.connections.of([user]).get(user, ())
        over = [connection for connection in found if ended(connection.session_id)]
        frame = self.frames.signed_out()
        self.gateway.post([Post(connection=each, frame=frame) for each in over], budget_s=TELL_BUDGET_S)
        if not all(self.gateway.close(over)):
            raise Unavailable("gateway")


@dataclass(frozen=True, kw_only=True)
class EndSession:
    """
    End a session, and with it, at once, its tokens, its unused tickets, its device's push registration and its
    connections.

    The end is marked before the connections are looked up, and `connect` registers before it checks the session
    once more: whichever comes second sees the other. Repeating it is safe.
    """

    sessions: Sessions
    states: SessionStates
    close: CloseConnections
    clock: Clock

    def __call__(self, principal: Principal) -> None:
        """
        Raises:
            Unavailable: it may have ended without everybody knowing yet, or a connection may still be open; repeat it.
        """
        self.sessions.end(principal.session_id, at=self.clock())
        self.states.note_ended(principal.session_id)
        self.close(principal.user_id, lambda session: session == principal.session_id)


@dataclass(frozen=True, kw_only=True)
class EndSessions:
    """
    End all of a user's sessions, as `EndSession` does; but one, if that one asks.

    Everybody else knows before the sessions' store: where it was interrupted, a session is live there still, and who
    asks again ends it. Connections are closed that somebody who asked before has left open.
    """

    sessions: Sessions
    states: SessionStates
    close: CloseConnections
    clock: Clock

    def __call__(self, user: UserId, *, but: SessionId | None = None) -> None:
        """
        Raises:
            Unavailable: another session may be live, or its connection open; repeat it.
        """
        live = [session.principal.session_id for session in self.sessions.of_user(user)]
        others = [session for session in live if session != but]
        for session in others:
            self.states.note_ended(session)
        for session in others:
            self.sessions.end(session, at=self.clock())

        def ended(session: SessionId) -> bool:
            return session in others or (session != but and not self.sessions.is_live(session))

        self.close(user, ended)


@dataclass(frozen=True, kw_only=True)
class EndOwnSession:
    """End the asking session itself ("current"), or another one of the same user."""

    sessions: Sessions
    end: EndSession

    def __call__(self, asking: Principal, which: str) -> None:
        if which in ("current", asking.session_id):
            self.end(asking)
            return
        session = self.sessions.find(SessionId(which))
        if session is None or session.principal.user_id != asking.user_id:
            raise NotFound("no such session")
        self.end(session.principal)
