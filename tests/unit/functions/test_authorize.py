from typing import Any

import pytest

from functions.authorize.handler import build
from natter.domain.accounts.users import Principal, SignedIn
from natter.domain.errors import Unavailable
from natter.usecases.accounts.authenticate import AuthenticateSocket, RedeemTicket
from tests.identity import World, a_sign_in
from tests.memory.tickets import MemoryTickets
from tests.messages import NOON

ARN = "arn:aws:execute-api:eu-central-1:123456789012:api/stage/$connect"


def an_event(ticket: str | None = None, **headers: str) -> dict[str, Any]:
    """As API Gateway sends it: what there is nothing of is null."""
    return {
        "type": "REQUEST",
        "methodArn": ARN,
        "requestContext": {"requestId": "request-1=", "requestTimeEpoch": NOON},
        "headers": headers or None,
        "queryStringParameters": None if ticket is None else {"ticket": ticket},
    }


class DownTickets(MemoryTickets):
    def take(self, ticket: str) -> Principal | None:
        raise Unavailable(f"cache, asked for {ticket}")


@pytest.fixture
def world() -> World:
    world = World()
    world.add("ann")
    return world


@pytest.fixture
def ann(world: World) -> SignedIn:
    return world.sign_in(a_sign_in("ann"))


class TestAuthorize:
    def authorize(self, world: World, event: dict[str, Any]) -> dict[str, Any]:
        socket = AuthenticateSocket(authenticate=world.authenticate, redeem_ticket=world.redeem_ticket)
        return build(socket)(event, None)

    def test_a_ticket_becomes_the_principal_of_all_later_events(self, world: World, ann: SignedIn) -> None:
        ticket = world.issue_ticket(ann.principal).ticket
        assert self.authorize(world, an_event(ticket)) == {
            "principalId": ann.principal.user_id,
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": ARN}],
            },
            "context": {
                "user_id": ann.principal.user_id,
                "device_id": ann.principal.device_id,
                "session_id": ann.principal.session_id,
            },
        }

    @pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
    def test_an_access_token_in_the_header(self, world: World, ann: SignedIn, name: str) -> None:
        answer = self.authorize(world, an_event(**{name: f"Bearer {ann.access_token}"}))
        assert answer["context"]["session_id"] == ann.principal.session_id

    @pytest.mark.parametrize(
        "event", [an_event(), an_event("unknown"), an_event(""), an_event(Authorization="Bearer x")]
    )
    def test_a_refusal_is_the_text_that_the_gateway_knows(self, world: World, event: dict[str, Any]) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$") as refusal:
            self.authorize(world, event)
        assert type(refusal.value) is Exception

    def test_a_used_ticket_is_refused(self, world: World, ann: SignedIn) -> None:
        event = an_event(world.issue_ticket(ann.principal).ticket)
        self.authorize(world, event)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            self.authorize(world, event)

    def test_an_outage_is_not_a_refusal(self, world: World) -> None:
        """The gateway makes it a 500: the client keeps its tokens and comes again (P9)."""
        redeem = RedeemTicket(tickets=DownTickets(world.clock), check_session=world.check_session)
        socket = AuthenticateSocket(authenticate=world.authenticate, redeem_ticket=redeem)
        with pytest.raises(Unavailable):
            build(socket)(an_event("ticket"), None)
