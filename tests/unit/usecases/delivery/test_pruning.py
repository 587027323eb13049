import pytest

from natter.domain.connections import UPGRADE_MS
from natter.usecases.delivery.pruning import prune
from tests.memory.connections import MemoryConnections
from tests.messages import ANN, NOON, a_connection


class TestPrune:
    @pytest.mark.parametrize(("age_ms", "stays"), [(0, True), (UPGRADE_MS, True), (UPGRADE_MS + 1, False)])
    def test_a_registration_stays_while_its_upgrade_may_be_under_way(self, age_ms: int, *, stays: bool) -> None:
        connections = MemoryConnections()
        gone, other = a_connection(ANN, "gone", connected_at=NOON - age_ms), a_connection(ANN, "other", connected_at=0)
        for each in (gone, other):
            connections.register(each)
        prune(connections, gone, now=NOON)
        assert connections.of([ANN]) == {ANN: [gone, other] if stays else [other]}
