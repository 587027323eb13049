from natter.names import TICKET_TTL_S
from tests.identity import World, a_principal


class TestIssueTicket:
    def test_is_good_once_for_who_asked(self) -> None:
        world, ann = World(), a_principal()
        ticket = world.issue_ticket(ann)
        assert world.tickets.take(ticket.ticket) == ann
        assert world.tickets.take(ticket.ticket) is None

    def test_is_good_as_long_as_it_says(self) -> None:
        world, ann = World(), a_principal()
        first, second = (world.issue_ticket(ann) for _ in range(2))
        assert first.expires_in_s == TICKET_TTL_S
        world.clock.advance(seconds=TICKET_TTL_S - 1)
        assert world.tickets.take(first.ticket) == ann
        world.clock.advance(seconds=1)
        assert world.tickets.take(second.ticket) is None

    def test_the_url_leads_to_the_socket_with_it(self) -> None:
        ticket = World().issue_ticket(a_principal())
        assert ticket.url == f"wss://sockets/stage?ticket={ticket.ticket}"

    def test_nobody_guesses_one(self) -> None:
        """256 bits each, and never in a log."""
        world, ann = World(), a_principal()
        tickets = [world.issue_ticket(ann) for _ in range(100)]
        assert len({each.ticket for each in tickets}) == 100
        assert min(len(each.ticket) for each in tickets) >= 43
        assert not any(each.ticket in repr(each) for each in tickets)
