"""`Tickets` in memory, for tests of what uses them."""

from natter.domain.accounts.users import Principal
from natter.domain.clock import NowMs
from natter.ports.accounts import Tickets


class MemoryTickets:
    def __init__(self, clock: NowMs) -> None:
        self._clock = clock
        self._tickets: dict[str, tuple[Principal, int]] = {}

    def put(self, ticket: str, principal: Principal, *, ttl_s: int) -> None:
        self._tickets[ticket] = (principal, self._clock() + ttl_s * 1000)

    def take(self, ticket: str) -> Principal | None:
        principal, expires_at = self._tickets.pop(ticket, (None, 0))
        return principal if self._clock() < expires_at else None


_: type[Tickets] = MemoryTickets
