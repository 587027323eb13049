import secrets
from dataclasses import dataclass

from natter.domain.accounts.requests import Ticket
from natter.domain.accounts.users import Principal
from natter.names import TICKET_TTL_S
from natter.ports.accounts import Tickets


@dataclass(frozen=True, kw_only=True)
class IssueTicket:
    """Make a single-use ticket for the WebSocket, for clients that cannot send a header with it."""

    tickets: Tickets
    socket_url: str

    def __call__(self, principal: Principal) -> Ticket:
        ticket = secrets.token_urlsafe(32)
        self.tickets.put(ticket, principal, ttl_s=TICKET_TTL_S)
        return Ticket(ticket=ticket, expires_in_s=TICKET_TTL_S, url=f"{self.socket_url}?ticket={ticket}")
