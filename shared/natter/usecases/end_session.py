from dataclasses import dataclass

from natter.domain.errors import NotFound, Unavailable
from natter.domain.ids import SessionId
from natter.domain.users import Principal
from natter.ports.identity import Clock, Sessions, SessionStates
from natter.ports.sockets import Connections, Gateway


@dataclass(frozen=True, kw_only=True)
class EndSession:
    """
    End a session, and with it, at once, its tokens, its unused tickets and its connections.

    The end is marked before the connections are looked up, and `connect` registers before it checks the session
    once more: whichever comes second sees the other. Repeating it is safe.
    """

    sessions: Sessions
    states: SessionStates
    connections: Connections
    gateway: Gateway
    clock: Clock

    def __call__(self, principal: Principal) -> None:
        """
        Raises:
            Unavailable: it may have ended without everybody knowing yet, or a connection may still be open; repeat it.
        """
        self.sessions.end(principal.session_id, at=self.clock())
        self.states.note_ended(principal.session_id)
        found = self.connections.of([principal.user_id]).get(principal.user_id, ())
        own = [connection for connection in found if connection.session_id == principal.session_id]
        closed = [self.gateway.close(connection) for connection in own]
        if not all(closed):
            raise Unavailable("gateway")


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
