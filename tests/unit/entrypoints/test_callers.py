"""Whose address counts, however much a caller says about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from natter.domain.errors import Unavailable
from natter.entrypoints.http import HttpApi
from natter.entrypoints.request import Request
from natter.names import EDGE_PROOF_HEADER, EDGE_VIEWER_HEADER
from natter.wire.base import WireModel
from tests.http import HOST, HttpClient
from tests.identity import World

PROOF = {EDGE_PROOF_HEADER: "proof"}
CLOUDFRONT = "130.176.1.1"
FORGED: list[dict[str, str]] = [
    {"x-forwarded-for": "203.0.113.9"},
    {"x-forwarded-for": f"203.0.113.9, 198.51.100.7, {CLOUDFRONT}"},
    {"forwarded": 'for="[2001:db8::1]:4711"'},
    {"cloudfront-viewer-address": "203.0.113.9:4711"},
    {"cloudfront-viewer-address": "2001:db8::1:4711"},
    {"true-client-ip": "203.0.113.9", "x-real-ip": "203.0.113.9"},
]
"""What callers may send, through whatever is before the API."""


class Seen(WireModel):
    address: str
    host: str


@dataclass
class FakeEdge:
    host: str = "chat.natter.example"
    away: bool = False
    asked: list[str] = field(default_factory=list)

    def sent(self, proof: str) -> bool:
        if self.away:
            raise Unavailable("secrets")
        self.asked.append(proof)
        return proof == "proof"


def calling(edge: FakeEdge | None, *, address: str = CLOUDFRONT) -> HttpClient:
    """A client of an API that answers with whom it sees."""
    world = World()
    api = HttpApi(authenticate=world.authenticate, limits=world.limits, edge=edge)

    @api.get("/seen", open_=True)
    def see(request: Request) -> Seen:
        return Seen(address=request.address, host=request.host)

    @api.get("/self")
    def read_self(request: Request) -> Seen:
        return Seen(address=request.principal.user_id, host="")

    return HttpClient(api, address=address)


def seen(client: HttpClient, headers: Mapping[str, str]) -> str:
    return str(client("GET", "/seen", headers=headers).json["address"])


class TestAddress:
    @pytest.mark.parametrize("forged", FORGED)
    def test_without_an_edge_it_is_what_the_gateway_saw(self, forged: dict[str, str]) -> None:
        client = calling(None, address="198.51.100.7")
        assert seen(client, forged | {EDGE_VIEWER_HEADER: "203.0.113.9"} | PROOF) == "198.51.100.7"

    @pytest.mark.parametrize("forged", [{}, *FORGED])
    def test_behind_an_edge_it_is_what_that_saw(self, forged: dict[str, str]) -> None:
        """Which overwrites a header of this name that the caller has sent."""
        assert seen(calling(FakeEdge()), forged | {EDGE_VIEWER_HEADER: "198.51.100.7"} | PROOF) == "198.51.100.7"

    def test_an_edge_that_does_not_say_is_counted_itself(self) -> None:
        """Rather for all together than for nobody."""
        assert seen(calling(FakeEdge()), PROOF) == CLOUDFRONT

    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("198.51.100.7", "198.51.100.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:DB8:1:3::1", "2001:db8:1:3::/64"),
            ("::1", "::/64"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            ("fe80::1%eth0", "fe80::/64"),
        ],
    )
    @pytest.mark.parametrize("behind", [True, False])
    def test_of_ipv6_the_network_counts(self, address: str, network: str, behind: bool) -> None:
        """Whoever has one address of it has all of them."""
        if behind:
            assert seen(calling(FakeEdge()), {EDGE_VIEWER_HEADER: address} | PROOF) == network
        else:
            assert seen(calling(None, address=address), {}) == network


class TestHost:
    def test_is_the_edge_s_name(self) -> None:
        """The gateway behind it goes by another, which is what the distribution has to ask it by."""
        assert calling(FakeEdge())("GET", "/seen", headers=PROOF).json["host"] == "chat.natter.example"

    def test_without_an_edge_it_is_what_was_asked_for(self) -> None:
        assert calling(None)("GET", "/seen").json["host"] == HOST


class TestPastTheEdge:
    @pytest.mark.parametrize("headers", [{}, {EDGE_PROOF_HEADER: "guessed"}, {EDGE_VIEWER_HEADER: "198.51.100.7"}])
    def test_nothing_is_answered(self, headers: Mapping[str, str]) -> None:
        refused = calling(FakeEdge())("GET", "/seen", headers=headers)
        assert (refused.status, refused.code) == (403, "forbidden")
        assert "proof" not in refused.text

    def test_nobody_is_authenticated(self) -> None:
        """It is refused for its way, whoever it is."""
        assert calling(FakeEdge())("GET", "/self").status == 403
        assert calling(FakeEdge())("GET", "/self", headers=PROOF).status == 401

    def test_while_nobody_can_tell_it_may_go_again(self) -> None:
        refused = calling(FakeEdge(away=True))("GET", "/seen", headers=PROOF)
        assert (refused.status, refused.code) == (503, "unavailable")

    def test_what_is_nothing_needs_no_proof(self) -> None:
        edge = FakeEdge()
        assert calling(edge)("GET", "/nothing").status == 404
        assert edge.asked == []
