"""What every `Gate` promises."""

import logging

import pytest

from natter.adapters.valkey.admission import ValkeyAdmission
from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.gate import ValkeyGate
from natter.adapters.valkey.rate_limits import ValkeyRateLimits
from natter.bootstrap.clients import now_ms
from natter.domain.errors import Forbidden, NotMember, RateLimited, Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import Bucket
from natter.ports.gate import Gate
from natter.settings import ValkeySettings
from tests.contract.decided import Decided
from tests.memory.admission import MemoryAdmission
from tests.memory.gate import MemoryGate
from tests.memory.rate_limits import MemoryRateLimits

SLOW = Bucket("gate_slow", rate=1 / 60, burst=3)


@pytest.fixture
def decided() -> Decided:
    return Decided()


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def gate(request: pytest.FixtureRequest, decided: Decided) -> Gate:
    if request.param == "memory":
        return MemoryGate(MemoryAdmission(decided), MemoryRateLimits(now_ms))
    valkey: Valkey = request.getfixturevalue("valkey")
    return ValkeyGate(valkey, ValkeyAdmission(valkey, decided))


class TestGateContract:
    def test_members_pass_others_do_not(self, gate: Gate, decided: Decided) -> None:
        """P8: whether it is remembered or has to be asked for."""
        for _ in range(2):
            gate.enter(decided.lobby, decided.ann, SLOW)
            with pytest.raises(NotMember):
                gate.enter(decided.lobby, decided.bob, SLOW)
            with pytest.raises(NotMember):
                gate.enter(ConversationId("nowhere"), decided.bob, SLOW, cost=0)

    def test_who_was_added_passes_as_told_when_the_log_was_told(self, gate: Gate, decided: Decided) -> None:
        """Whether it is remembered or has to be asked for; what is remembered of others counts for them."""
        decided.publish(decided.lobby, lambda _: None)
        decided.decide(decided.lobby, decided.bob, "member")
        for _ in range(2):
            assert gate.enter(decided.lobby, decided.ann, SLOW, cost=0)
            assert not gate.enter(decided.lobby, decided.bob, SLOW, cost=0)

    def test_across_a_block_neither_passes(self, gate: Gate, decided: Decided) -> None:
        """In a direct conversation; whether it is remembered or has to be asked for."""
        decided.block()
        for _ in range(2):
            for user in (decided.ann, decided.bob):
                with pytest.raises(Forbidden):
                    gate.enter(decided.direct, user, SLOW, cost=0)
            with pytest.raises(NotMember):
                gate.enter(decided.direct, UserId("stranger"), SLOW, cost=0)
            gate.enter(decided.lobby, decided.ann, SLOW)

    def test_who_asks_too_much_does_not(self, gate: Gate, decided: Decided) -> None:
        gate.enter(decided.lobby, decided.ann, SLOW, cost=2)
        with pytest.raises(RateLimited) as refusal:
            gate.enter(decided.lobby, decided.ann, SLOW, cost=2)
        assert refusal.value.retry_after_ms is not None
        assert 50_000 < refusal.value.retry_after_ms <= 60_000
        gate.enter(decided.lobby, decided.ann, SLOW)

    def test_everybody_has_tokens_of_their_own(self, gate: Gate, decided: Decided) -> None:
        gate.enter(decided.lobby, decided.ann, SLOW, cost=3)
        with pytest.raises(NotMember):
            gate.enter(decided.lobby, decided.bob, SLOW, cost=3)

    def test_an_outage_of_the_database_is_no_answer(self, gate: Gate, decided: Decided) -> None:
        """P9: if nothing is remembered."""
        decided.answers = False
        with pytest.raises(Unavailable):
            gate.enter(decided.lobby, decided.ann, SLOW)


@pytest.mark.engines
class TestValkeyGate:
    def test_it_asks_the_database_once(self, valkey: Valkey, decided: Decided) -> None:
        gate = ValkeyGate(valkey, ValkeyAdmission(valkey, decided))
        for _ in range(3):
            gate.enter(decided.lobby, decided.ann, SLOW)
        assert decided.asked == 1

    def test_its_tokens_are_those_of_the_limits(self, valkey: Valkey, decided: Decided) -> None:
        """Other paths may take from the same bucket."""
        ValkeyGate(valkey, ValkeyAdmission(valkey, decided)).enter(decided.lobby, decided.ann, SLOW, cost=3)
        with pytest.raises(RateLimited):
            ValkeyRateLimits(valkey).take(SLOW, decided.ann)

    def test_without_the_cache_limits_are_open_and_the_database_decides(
        self, decided: Decided, caplog: pytest.LogCaptureFixture
    ) -> None:
        """P8, P9."""
        nowhere = Valkey(ValkeySettings(endpoint="127.0.0.1:1", auth="none"), lambda: None)
        gate = ValkeyGate(nowhere, ValkeyAdmission(nowhere, decided))
        with caplog.at_level(logging.WARNING):
            gate.enter(decided.lobby, decided.ann, SLOW, cost=100)
        assert "rate limit gate_slow is open" in caplog.text
        with pytest.raises(NotMember):
            gate.enter(decided.lobby, decided.bob, SLOW)
