"""Who asks: by access token, or by ticket where a header cannot be set."""

import logging
from dataclasses import dataclass

from natter.domain.accounts.users import Principal
from natter.domain.clock import NowMs
from natter.domain.errors import Unauthenticated, Unavailable
from natter.domain.ids import SessionId
from natter.ports.accounts import AccessTokens, Sessions, SessionStates, Tickets

_logger = logging.getLogger(__name__)

_LONGEST_TOKEN = 4096


@dataclass(frozen=True, kw_only=True)
class CheckSession:
    """Make sure that a session has not ended, also when only one of cache and truth answers."""

    states: SessionStates
    sessions: Sessions
    now_ms: NowMs

    def __call__(self, session: SessionId) -> None:
        """
        Raises:
            Unauthenticated: it has ended, or never began.
            Unavailable: neither the cache nor the truth answered.
        """
        try:
            state = self.states.get(session)
        except Unavailable as error:
            _logger.warning("asking the database for a session: %s", error)
            if not self._lives(session):
                raise Unauthenticated from None
            return
        if state is None:
            state = "live" if self._lives(session) else "ended"
            self._remember_live(session, live=state == "live")
        if state == "ended":
            raise Unauthenticated

    def _lives(self, session: SessionId) -> bool:
        return self.sessions.is_live(session, at=self.now_ms())

    def _remember_live(self, session: SessionId, *, live: bool) -> None:
        if not live:
            return  # not "ended": nobody should be able to fill the cache with ids that never were
        try:
            self.states.note_live(session)
        except Unavailable as error:
            _logger.warning("a session's state was not cached: %s", error)


@dataclass(frozen=True, kw_only=True)
class Authenticate:
    """Read an `Authorization` header."""

    tokens: AccessTokens
    check_session: CheckSession

    def __call__(self, authorization: str | None) -> Principal:
        """
        Raises:
            Unauthenticated: no header, not a bearer token, expired, not ours, or its session has ended.
            Unavailable: nobody can tell now.
        """
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
            raise Unauthenticated
        principal = self.tokens.read(token.strip())
        self.check_session(principal.session_id)
        return principal


@dataclass(frozen=True, kw_only=True)
class RedeemTicket:
    """Accept a ticket, once."""

    tickets: Tickets
    check_session: CheckSession

    def __call__(self, ticket: str) -> Principal:
        """
        Raises:
            Unauthenticated: unknown, too old, used, or its session has ended.
            Unavailable: nobody can tell now.
        """
        principal = self.tickets.take(ticket)
        if principal is None:
            raise Unauthenticated
        self.check_session(principal.session_id)
        return principal


@dataclass(frozen=True, kw_only=True)
class AuthenticateSocket:
    """Accept a ticket or an `Authorization` header; browsers can only send the first."""

    authenticate: Authenticate
    redeem_ticket: RedeemTicket

    def __call__(self, *, ticket: str | None, authorization: str | None) -> Principal:
        """
        Raises:
            Unauthenticated: neither proves who asks.
            Unavailable: nobody can tell now.
        """
        return self.redeem_ticket(ticket) if ticket else self.authenticate(authorization)
