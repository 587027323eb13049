from natter.domain.connections import Connection, ConnectionChange
from natter.domain.presence import DeviceState, Said, Traces
from natter.domain.registry import remembered
from natter.names import CONNECTION_LIFETIME_S
from tests.messages import ANN, BOB, NOON, a_connection

PHONE, DESK = a_connection(ANN, "phone"), a_connection(ANN, "desk")
BOBS = a_connection(BOB)


def opened(connection: Connection, at: int = NOON) -> ConnectionChange:
    return ConnectionChange(connection=connection, change="opened", at=at)


def closed(connection: Connection, at: int = NOON) -> ConnectionChange:
    return ConnectionChange(connection=connection, change="closed", at=at)


def status(connection: Connection, state: DeviceState, at: int = NOON) -> ConnectionChange:
    return ConnectionChange(connection=connection, change="status", at=at, state=state)


class TestConnections:
    def test_an_opening_without_an_end_is_open(self) -> None:
        found = remembered([opened(PHONE), opened(BOBS), opened(DESK), closed(PHONE)], NOON)
        assert list(found.connections) == [BOBS, DESK]
        assert found.ends == [closed(PHONE)]

    def test_what_was_closed_is_closed_for_good(self) -> None:
        """A ping that was under way registers it again, and says so after its end."""
        assert remembered([opened(PHONE), closed(PHONE), opened(PHONE)], NOON).connections == []

    def test_what_has_said_how_it_is_is_open(self) -> None:
        """Openings are noted as well as can be: this one was not."""
        assert remembered([status(PHONE, "away")], NOON).connections == [PHONE]

    def test_what_the_gateway_has_ended_by_itself_is_not(self) -> None:
        end = NOON + CONNECTION_LIFETIME_S * 1000
        assert remembered([opened(PHONE)], end - 1).connections == [PHONE]
        assert remembered([opened(PHONE)], end).connections == []


class TestTraces:
    def test_are_of_the_latest(self) -> None:
        found = remembered([opened(PHONE, NOON + 5), closed(DESK, NOON + 3), opened(BOBS)], NOON + 9)
        assert found.traces[ANN].seen_at == NOON + 5
        assert found.traces[BOB] == Traces(
            seen_at=NOON, seen_on=BOBS.device_id, said={BOBS.device_id: Said(state="online", at=NOON)}
        )

    def test_a_device_is_as_it_said_last_and_online_when_it_connects(self) -> None:
        changes = [opened(PHONE), status(PHONE, "away", NOON + 1)]
        assert remembered(changes, NOON).traces[ANN].away == {PHONE.device_id}
        assert remembered([*changes, opened(DESK, NOON + 2)], NOON).traces[ANN].away == frozenset()

    def test_a_ping_that_registers_again_does_not_say_how_the_device_is(self) -> None:
        changes = [opened(PHONE), status(PHONE, "away", NOON + 1), opened(PHONE, NOON + 2)]
        assert remembered(changes, NOON).traces[ANN].away == {PHONE.device_id}

    def test_a_status_of_before_its_state_was_noted_counts_as_online(self) -> None:
        old = ConnectionChange(connection=PHONE, change="status", at=NOON)
        assert remembered([old], NOON).traces[ANN].away == frozenset()

    def test_of_a_device_that_left_online_nothing_is_kept_but_when(self) -> None:
        found = remembered([opened(PHONE), closed(PHONE, NOON + 1)], NOON).traces[ANN]
        assert found == Traces(seen_at=NOON + 1, seen_on=PHONE.device_id)

    def test_one_that_left_away_was_away(self) -> None:
        found = remembered([status(PHONE, "away"), closed(PHONE, NOON + 1)], NOON).traces[ANN]
        assert found.away == {PHONE.device_id}
