"""What every `Tickets` promises."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.tickets import ValkeyTickets
from natter.domain.ids import new_id
from natter.ports.accounts import Tickets
from tests.identity import FakeClock, a_principal
from tests.memory.tickets import MemoryTickets


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def tickets(request: pytest.FixtureRequest) -> Tickets:
    if request.param == "memory":
        return MemoryTickets(FakeClock())
    return ValkeyTickets(request.getfixturevalue("valkey"))


class TestTicketsContract:
    def test_a_ticket_is_good_once(self, tickets: Tickets) -> None:
        ticket, principal = new_id(), a_principal()
        tickets.put(ticket, principal, ttl_s=30)
        assert principal == tickets.take(ticket)
        assert tickets.take(ticket) is None

    @pytest.mark.parametrize("text", ["", "never-made", "\ud800", "\0", "x" * 100_000])
    def test_what_is_no_ticket_is_nobodys(self, tickets: Tickets, text: str) -> None:
        assert tickets.take(text) is None

    def test_of_many_takers_one_gets_it(self, tickets: Tickets) -> None:
        ticket, principal = new_id(), a_principal()
        tickets.put(ticket, principal, ttl_s=30)
        with ThreadPoolExecutor(8) as threads:
            assert [principal] == [taken for taken in threads.map(tickets.take, [ticket] * 8) if taken]


@pytest.mark.engines
def test_a_ticket_expires_and_is_not_readable_in_the_keys(valkey: Valkey) -> None:
    ticket = new_id()
    with valkey.client() as client:
        before = set(client.keys("ticket:*"))
        ValkeyTickets(valkey).put(ticket, a_principal(), ttl_s=30)
        (key,) = set(client.keys("ticket:*")) - before
        assert ticket not in key
        assert 29_000 < client.pttl(key) <= 30_000


def test_a_ticket_too_old_is_nobodys() -> None:
    clock = FakeClock()
    tickets = MemoryTickets(clock)
    tickets.put("ticket", a_principal(), ttl_s=30)
    clock.advance(seconds=30)
    assert tickets.take("ticket") is None
