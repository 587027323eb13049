import logging
from collections.abc import Mapping

import pytest

from functions.connect.handler import build
from natter.domain.accounts.users import SignedIn
from natter.domain.connections import GIVEN_UP_MS, MANY_CONNECTIONS, Connection, Registered
from natter.domain.errors import Unavailable
from natter.usecases.accounts.connect import Connect
from tests.identity import World, a_connection, a_sign_in
from tests.measuring import Measured
from tests.memory.connections import MemoryConnections
from tests.memory.logs import MemoryConnectionLog
from tests.sockets import a_socket_event

ENDPOINT = "http://gateway"


class Silent(MemoryConnections):
    def register(self, connection: Connection) -> Registered:
        raise Unavailable(f"the registry, given {connection.connection_id}")


@pytest.fixture
def world() -> World:
    world = World()
    world.add("ann")
    return world


@pytest.fixture
def ann(world: World) -> SignedIn:
    return world.sign_in(a_sign_in("ann"))


def connected(
    world: World, registry: MemoryConnections, phone: Connection, headers: Mapping[str, list[str]] | None = None
) -> object:
    connect = Connect(
        connections=registry,
        check_session=world.check_session,
        close=world.close,
        traces=world.traces,
        log=MemoryConnectionLog(),
        now_ms=world.clock,
    )
    event = a_socket_event(phone, route="$connect") | {"multiValueHeaders": headers or {}}
    return build(connect, ENDPOINT)(event, None)


class TestConnect:
    def test_the_upgrade_goes_on_once_the_connection_is_registered(self, world: World, ann: SignedIn) -> None:
        registry, phone = MemoryConnections(), a_connection(ann.principal, "phone")
        assert connected(world, registry, phone) == {"statusCode": 200}
        assert list(registry.of([phone.user_id])[phone.user_id]) == [phone]

    @pytest.mark.parametrize("offers", [["natter.v1"], ["other, natter.v1"], ["other", "natter.v1,natter.v2"]])
    def test_its_own_subprotocol_is_echoed(self, world: World, ann: SignedIn, offers: list[str]) -> None:
        phone = a_connection(ann.principal, "phone")
        assert connected(world, MemoryConnections(), phone, {"sec-websocket-PROTOCOL": offers}) == {
            "statusCode": 200,
            "headers": {"Sec-WebSocket-Protocol": "natter.v1"},
        }

    @pytest.mark.parametrize("offers", [["natter.v2"], ["NATTER.V1"], ["chat, natter.v1.1"], [""]])
    def test_others_are_neither_echoed_nor_refused(self, world: World, ann: SignedIn, offers: list[str]) -> None:
        phone = a_connection(ann.principal, "phone")
        answer = connected(world, MemoryConnections(), phone, {"Sec-WebSocket-Protocol": offers})
        assert answer == {"statusCode": 200}

    def test_a_session_that_has_ended_does_not_connect(
        self, world: World, ann: SignedIn, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The ticket was redeemed, and then the session ended: before the upgrade, it is looked at again."""
        caplog.set_level(logging.CRITICAL)
        world.end_session(ann.principal)
        registry, phone = MemoryConnections(), a_connection(ann.principal, "phone")
        assert connected(world, registry, phone) == {"statusCode": 401}
        assert registry.of([phone.user_id]) == {}

    def test_without_a_registry_nobody_connects(self, world: World, ann: SignedIn) -> None:
        """Who is not registered would be shown nothing: the client comes again (P9)."""
        assert connected(world, Silent(), a_connection(ann.principal, "phone")) == {"statusCode": 503}

    def test_who_has_many_and_has_waited_too_long_comes_again(self, world: World, ann: SignedIn) -> None:
        phone, registry = a_connection(ann.principal, "phone"), MemoryConnections()
        others = [a_connection(ann.principal, f"c{number}") for number in range(MANY_CONNECTIONS)]
        for each in others:
            registry.register(each)
        world.clock.now = phone.connected_at + GIVEN_UP_MS + 1
        assert connected(world, registry, phone) == {"statusCode": 503}
        assert set(registry.of([phone.user_id])[phone.user_id]) == set(others)

    def test_who_connects_and_who_is_refused_is_counted(self, world: World, ann: SignedIn, measured: Measured) -> None:
        """The gateway answers 500 to whom it is refused; whose fault it was, only the function knows."""
        phone = a_connection(ann.principal, "phone")
        connected(world, MemoryConnections(), phone)
        assert measured().keys() >= {"ConnectionsOpened", "Answers[ok, $connect]", "AnswerTime[$connect]"}
        connected(world, Silent(), phone)
        found = measured()
        assert (found["Answers[unavailable, $connect]"], found["Faults"]) == ([1], [1])
        assert "ConnectionsOpened" not in found
