"""What every `Connections` promises."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.connections import TOLD_S, ValkeyConnections
from natter.domain.connections import MAX_CONNECTIONS, Connection, Registered
from natter.domain.ids import UserId, new_id
from natter.names import CONNECTION_LIFETIME_S
from natter.ports.delivery import Connections
from tests.memory.connections import MemoryConnections
from tests.messages import a_connection


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def connected(user: UserId, *, ago_ms: int = 0) -> Connection:
    return a_connection(user, new_id(), connected_at=now_ms() - ago_ms)


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def connections(request: pytest.FixtureRequest) -> Connections:
    if request.param == "memory":
        return MemoryConnections()
    return ValkeyConnections(request.getfixturevalue("valkey"), now_ms)


@pytest.fixture
def user() -> UserId:
    return UserId(new_id())


class TestConnectionsContract:
    def test_what_is_registered_is_found(self, connections: Connections, user: UserId) -> None:
        phone, desk = connected(user), connected(user)
        connections.register(phone)
        connections.register(desk)
        found = connections.of([user])
        assert found.keys() == {user}
        assert sorted(found[user], key=lambda each: each.connection_id) == sorted(
            [phone, desk], key=lambda each: each.connection_id
        )

    def test_it_says_whether_it_was_there(self, connections: Connections, user: UserId) -> None:
        phone = connected(user)
        assert connections.register(phone).is_new
        assert not connections.register(phone).is_new
        connections.unregister(phone)
        assert connections.register(phone).is_new

    def test_who_was_there_has_missed_nothing(self, connections: Connections, user: UserId) -> None:
        phone = connected(user)
        connections.register(phone)
        assert not connections.renew(phone).is_new
        assert not connections.renew(phone).is_new

    def test_who_was_not_has_and_is_found_from_then_on(self, connections: Connections, user: UserId) -> None:
        """Also if they ask again: the first answer may have got lost."""
        phone = connected(user)
        assert connections.renew(phone).is_new
        assert connections.of([user]) == {user: [phone]}
        assert connections.renew(phone).is_new

    def test_so_has_who_was_restored(self, connections: Connections, user: UserId) -> None:
        phone, desk = connected(user), connected(user)
        connections.register(desk)
        assert connections.restore([phone, desk]) == 1
        assert set(connections.of([user])[user]) == {phone, desk}
        assert (connections.renew(phone).is_new, connections.renew(desk).is_new) == (True, False)
        assert connections.restore([phone]) == 0

    def test_who_connects_syncs_anyway(self, connections: Connections, user: UserId) -> None:
        phone = connected(user)
        connections.restore([phone])
        connections.register(phone)
        assert not connections.renew(phone).is_new

    def test_who_comes_back_may_displace_the_oldest(self, connections: Connections, user: UserId) -> None:
        oldest, *others = [connected(user, ago_ms=1000 * number) for number in reversed(range(MAX_CONNECTIONS + 1))]
        connections.register(oldest)
        for each in others[1:]:
            connections.register(each)
        assert connections.renew(others[0]) == Registered(is_new=True, displaced=(oldest,))

    def test_nobody_is_restored(self, connections: Connections) -> None:
        assert connections.restore([]) == 0

    def test_renewing_it_does_not_double_it(self, connections: Connections, user: UserId) -> None:
        phone = connected(user)
        connections.register(phone)
        connections.register(phone)
        assert list(connections.of([user])[user]) == [phone]

    def test_unregistering_one_leaves_the_others(self, connections: Connections, user: UserId) -> None:
        phone, desk = connected(user), connected(user)
        connections.register(phone)
        connections.register(desk)
        connections.unregister(phone)
        assert list(connections.of([user])[user]) == [desk]

    def test_several_are_unregistered_at_once(self, connections: Connections, user: UserId) -> None:
        phone, desk, others = connected(user), connected(user), connected(UserId(new_id()))
        for each in (phone, desk, others):
            connections.register(each)
        connections.unregister_all([phone, others, connected(user)])
        connections.unregister_all([])
        assert connections.of([user, others.user_id]) == {user: [desk]}

    def test_unregistering_what_is_not_there_is_fine(self, connections: Connections, user: UserId) -> None:
        connections.unregister(connected(user))
        assert connections.of([user]) == {}

    def test_users_without_any_are_missing(self, connections: Connections, user: UserId) -> None:
        gone = UserId(new_id())
        connections.register(connected(user))
        left = connected(gone)
        connections.register(left)
        connections.unregister(left)
        assert connections.of([gone, user, UserId(new_id())]).keys() == {user}

    def test_nobody_is_asked_for(self, connections: Connections) -> None:
        assert connections.of([]) == {}

    def test_many_users_at_once(self, connections: Connections) -> None:
        all_of_them = [connected(UserId(new_id())) for _ in range(100)]
        for connection in all_of_them:
            connections.register(connection)
        assert connections.of([each.user_id for each in all_of_them]) == {each.user_id: [each] for each in all_of_them}

    def test_connections_registered_at_once_are_all_there(self, connections: Connections, user: UserId) -> None:
        all_of_them = [connected(user) for _ in range(16)]
        with ThreadPoolExecutor(8) as threads:
            assert all(registered.is_new for registered in threads.map(connections.register, all_of_them))
        assert {each.connection_id for each in connections.of([user])[user]} == {
            each.connection_id for each in all_of_them
        }

    def test_one_more_than_a_user_may_have_displaces_the_oldest(self, connections: Connections, user: UserId) -> None:
        """Whenever it was registered; and others' stay."""
        other = connected(UserId(new_id()))
        connections.register(other)
        young = [connected(user, ago_ms=number) for number in range(MAX_CONNECTIONS - 1)]
        oldest = connected(user, ago_ms=60_000)
        for connection in (*young, oldest):
            assert connections.register(connection).displaced == ()
        newest = connected(user)
        assert connections.register(newest) == Registered(is_new=True, displaced=(oldest,))
        assert set(connections.of([user])[user]) == {*young, newest}
        assert connections.register(oldest) == Registered(is_new=True, displaced=(oldest,))
        assert not connections.register(newest).is_new
        assert list(connections.of([other.user_id])[other.user_id]) == [other]

    def test_of_many_at_once_each_that_is_too_many_is_displaced_once(
        self, connections: Connections, user: UserId
    ) -> None:
        all_of_them = [connected(user, ago_ms=1000 * number) for number in range(2 * MAX_CONNECTIONS)]
        with ThreadPoolExecutor(8) as threads:
            registered = list(threads.map(connections.register, all_of_them))
        displaced = [connection for each in registered for connection in each.displaced]
        assert sorted(displaced, key=_age) == all_of_them[MAX_CONNECTIONS:]
        assert sorted(connections.of([user])[user], key=_age) == all_of_them[:MAX_CONNECTIONS]


@pytest.mark.engines
class TestValkeyConnections:
    def test_nobody_is_restored_whose_time_is_over(self, valkey: Valkey, user: UserId) -> None:
        long_ago = a_connection(user, new_id(), connected_at=now_ms() - CONNECTION_LIFETIME_S * 1000)
        assert ValkeyConnections(valkey, now_ms).restore([long_ago]) == 0

    def test_a_minute_later_nobody_is_told_again(self, valkey: Valkey, user: UserId) -> None:
        phone = connected(user)
        assert ValkeyConnections(valkey, now_ms).renew(phone).is_new
        with valkey.client() as client:
            assert 0 < client.ttl(f"told:{phone.connection_id}") <= TOLD_S
            client.delete(f"told:{phone.connection_id}")
        assert not ValkeyConnections(valkey, now_ms).renew(phone).is_new


def _age(connection: Connection) -> int:
    return -connection.connected_at
