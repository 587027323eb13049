"""What every `RegistryMarks` promises, and how it goes with the `Connections` whose parts it marks."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.connections import ValkeyConnections
from natter.adapters.valkey.registry_marks import ValkeyRegistryMarks, mark, part
from natter.domain.ids import UserId, new_id
from natter.names import REGISTRY_PARTS as PARTS
from natter.ports.delivery import Connections, RegistryMarks
from tests.identity import NOON
from tests.memory import connections as memory
from tests.messages import a_connection


@dataclass
class Registry:
    """One with all its data."""

    connections: Connections
    marks: RegistryMarks
    parts: int
    part_of: Callable[[UserId], int]
    lose: Callable[[int], None]
    """All that lies in a part."""
    end_claims: Callable[[], None]

    def claim(self, generation: str) -> int:
        """How many, of all that can be claimed."""
        return len(self.marks.claim(generation, most=self.parts))

    def forgotten(self, user: UserId) -> bool:
        return user in self.connections.look_up([user]).forgotten


def in_memory() -> Registry:
    connections = memory.MemoryConnections()
    return Registry(
        connections=connections,
        marks=connections.marks,
        parts=memory.PARTS,
        part_of=memory.part,
        lose=connections.lose,
        end_claims=connections.marks.end_claims,
    )


def in_valkey(valkey: Valkey) -> Registry:
    def lose(part_: int) -> None:
        with valkey.client() as client:
            client.delete(*[key for key in client.scan_iter(count=10_000) if part(key) == part_])

    def end_claims() -> None:
        with valkey.client() as client:
            for each in range(PARTS):
                if client.ttl(mark(each)) > 0:
                    client.delete(mark(each))

    with valkey.client() as client:
        client.flushall()
    marks = ValkeyRegistryMarks(valkey)
    marks.claim("first", most=PARTS)
    marks.complete("first")
    return Registry(
        connections=ValkeyConnections(valkey, lambda: NOON),
        marks=marks,
        parts=PARTS,
        part_of=lambda user: part(f"conn:{user}"),
        lose=lose,
        end_claims=end_claims,
    )


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def registry(request: pytest.FixtureRequest) -> Registry:
    return in_memory() if request.param == "memory" else in_valkey(request.getfixturevalue("valkey"))


@pytest.fixture
def user() -> UserId:
    return UserId(new_id())


class TestRegistryMarksContract:
    def test_of_a_registry_that_has_lost_nothing_there_is_nothing_to_rebuild(
        self, registry: Registry, user: UserId
    ) -> None:
        registry.connections.register(a_connection(user))
        found = registry.connections.look_up([user])
        assert (list(found.connections), found.forgotten) == ([user], frozenset())
        assert registry.claim("g") == 0

    def test_the_loss_of_a_part_is_a_loss_for_those_in_it(self, registry: Registry, user: UserId) -> None:
        other = next(each for each in map(str, range(1000)) if registry.part_of(UserId(each)) != registry.part_of(user))
        registry.lose(registry.part_of(user))
        found = registry.connections.look_up([user, UserId(other)])
        assert found.forgotten == {user}
        assert registry.claim("g") == 1

    def test_a_loss_of_all_is_one_of_every_part(self, registry: Registry, user: UserId) -> None:
        for each in range(registry.parts):
            registry.lose(each)
        assert registry.claim("g") == registry.parts
        assert registry.marks.complete("g") == registry.parts
        assert not registry.forgotten(user)

    def test_several_share_what_is_lost(self, registry: Registry, user: UserId) -> None:
        for each in range(registry.parts):
            registry.lose(each)
        most = registry.parts // 2
        one, other = (registry.marks.claim(name, most=most) for name in ("g", "h"))
        assert (len(one), len(other), len(one | other)) == (most, most, registry.parts)
        assert registry.marks.claim("i", most=most) == frozenset()
        assert registry.marks.claim("g", most=most) == one, "it was answered, and the answer was lost"
        mine = registry.marks.part_of(user)
        assert mine == registry.part_of(user)
        first, then = ("g", "h") if mine in one else ("h", "g")
        registry.marks.complete(first)
        assert not registry.forgotten(user)
        assert registry.marks.complete(then) == most

    def test_what_is_being_rebuilt_is_not_known_yet_and_nobody_elses(self, registry: Registry, user: UserId) -> None:
        registry.lose(registry.part_of(user))
        registry.claim("g")
        registry.marks.hold("g")
        assert (registry.forgotten(user), registry.claim("other")) == (True, 0)

    def test_what_is_lost_again_meanwhile_is_not_complete(self, registry: Registry, user: UserId) -> None:
        registry.lose(registry.part_of(user))
        registry.claim("g")
        registry.lose(registry.part_of(user))
        registry.marks.hold("g")
        assert registry.marks.complete("g") == 0
        assert registry.forgotten(user)
        assert registry.claim("other") == 1

    def test_a_claim_that_has_ended_is_anothers(self, registry: Registry, user: UserId) -> None:
        """Whoever had it is gone, or was asleep."""
        registry.lose(registry.part_of(user))
        registry.claim("g")
        registry.end_claims()
        assert registry.claim("other") == 1
        assert (registry.marks.complete("g"), registry.forgotten(user)) == (0, True)
        assert (registry.marks.complete("other"), registry.forgotten(user)) == (1, False)

    def test_of_all_who_find_out_one_asks(self, registry: Registry, user: UserId) -> None:
        registry.lose(registry.part_of(user))
        assert [registry.marks.may_ask() for _ in range(3)].count(True) == 1

    def test_nobody_asked_for_is_nobody_forgotten(self, registry: Registry) -> None:
        assert registry.connections.look_up([]).forgotten == frozenset()


def test_every_part_has_its_mark_within_itself() -> None:
    """A shard that holds at least one part loses its marks with its data."""
    assert [part(mark(each)) for each in range(PARTS)] == list(range(PARTS))
