from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from natter.domain.connections import UPGRADE_MS, Connection
from natter.domain.delivery import PostResult
from natter.domain.errors import Unavailable
from natter.domain.ids import DeviceId, UserId
from natter.usecases.delivery.tell import Notice, Tell
from tests.memory.connections import MemoryConnections
from tests.memory.gateway import MemoryGateway
from tests.messages import ANN, BOB, CID, NOON, a_connection

NOW = NOON + 3_600_000
PHONE, DESK, BOBS = a_connection(ANN, "phone"), a_connection(ANN, "desk"), a_connection(BOB)


class Silent(MemoryConnections):
    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Connection]]:
        raise Unavailable(f"the registry, asked for {len(list(users))}")


class Forgetful(MemoryConnections):
    def unregister(self, connection: Connection) -> None:
        raise Unavailable(f"the registry, given {connection.connection_id}")


class Stage:
    def __init__(self, *connections: Connection, registry: MemoryConnections | None = None) -> None:
        self.registry, self.gateway = registry or MemoryConnections(), MemoryGateway()
        for connection in connections:
            self.registry.register(connection)
        self.tell = Tell(connections=self.registry, gateway=self.gateway, now_ms=lambda: NOW)

    @property
    def received(self) -> dict[str, list[bytes]]:
        return {str(connection): frames for connection, frames in self.gateway.frames.items()}


class TestTell:
    def test_all_connections_of_the_users_are_told_and_nobody_else(self) -> None:
        """P8."""
        stage = Stage(PHONE, DESK, BOBS)
        stage.tell(b"news", [ANN, CID])
        assert stage.received == {"phone": [b"news"], "desk": [b"news"]}

    def test_but_for_one(self) -> None:
        stage = Stage(PHONE, DESK)
        stage.tell(b"news", [ANN], but=PHONE.connection_id)
        assert stage.received == {"desk": [b"news"]}

    def test_but_for_a_device(self) -> None:
        stage = Stage(PHONE, replace(DESK, device_id=DeviceId("desk")))
        stage.tell(b"news", [ANN], but_device=PHONE.device_id)
        assert stage.received == {"desk": [b"news"]}

    def test_notices_keep_their_order(self) -> None:
        stage = Stage(PHONE, BOBS)
        stage.tell.all([Notice(frame=b"1", users=[BOB]), Notice(frame=b"2", users=[ANN, BOB])])
        assert stage.received == {"bob-1": [b"1", b"2"], "phone": [b"2"]}

    def test_nobody_is_told_nothing(self) -> None:
        stage = Stage(registry=Silent())
        stage.tell(b"news", [])
        stage.tell.all([])
        assert stage.received == {}


class TestFaults:
    @pytest.mark.parametrize(("age_ms", "stays"), [(UPGRADE_MS, True), (UPGRADE_MS + 1, False)])
    def test_who_is_gone_is_pruned_when_the_upgrade_is_over(self, age_ms: int, *, stays: bool) -> None:
        connection = a_connection(ANN, connected_at=NOW - age_ms)
        stage = Stage(connection)
        stage.gateway.answers[connection.connection_id] = PostResult.GONE
        stage.tell(b"news", [ANN])
        assert (ANN in stage.registry.of([ANN])) == stays

    def test_a_connection_that_was_not_told_stays_open(self, caplog: pytest.LogCaptureFixture) -> None:
        stage = Stage(PHONE, DESK)
        stage.gateway.answers[PHONE.connection_id] = PostResult.FAILED
        stage.tell(b"news", [ANN])
        assert (stage.received, stage.gateway.closed) == ({"desk": [b"news"]}, [])
        assert "1 of 2 were not told" in caplog.text

    def test_an_outage_of_the_registry_is_logged_and_no_more(self, caplog: pytest.LogCaptureFixture) -> None:
        Stage(registry=Silent()).tell(b"news", [ANN])
        assert "not told" in caplog.text

    def test_what_cannot_be_pruned_is_logged_and_no_more(self, caplog: pytest.LogCaptureFixture) -> None:
        stage = Stage(PHONE, BOBS, registry=Forgetful())
        stage.gateway.answers[PHONE.connection_id] = PostResult.GONE
        stage.tell(b"news", [ANN, BOB])
        assert stage.received == {"bob-1": [b"news"]}
        assert "not told" in caplog.text
