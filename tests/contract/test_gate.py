"""What every `Gate` promises."""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import pytest

from natter.adapters.valkey.admission import ValkeyAdmission
from natter.adapters.valkey.backlogs import ValkeyBacklogs
from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.connections import ValkeyConnections
from natter.adapters.valkey.gate import ValkeyGate
from natter.adapters.valkey.rate_limits import ValkeyRateLimits
from natter.adapters.valkey.session_states import ValkeySessionStates
from natter.bootstrap.clients import now_ms
from natter.domain.accounts.refresh_tokens import RefreshToken
from natter.domain.connections import Connection
from natter.domain.errors import Forbidden, NotMember, RateLimited, Unauthenticated, Unavailable
from natter.domain.ids import ConversationId, SessionId, UserId, new_id
from natter.domain.limits import Bucket
from natter.ports.accounts import SessionStates
from natter.ports.delivery import Connections
from natter.ports.gate import Gate
from natter.ports.messages import Backlogs
from natter.settings import ValkeySettings
from natter.usecases.accounts.authenticate import CheckSession
from tests.backlogs import a_backlog
from tests.contract.decided import Decided
from tests.identity import a_connection, a_principal, a_session
from tests.memory.admission import MemoryAdmission
from tests.memory.backlogs import MemoryBacklogs
from tests.memory.connections import MemoryConnections
from tests.memory.devices import MemoryDevices
from tests.memory.gate import MemoryGate
from tests.memory.rate_limits import MemoryRateLimits
from tests.memory.session_states import MemorySessionStates
from tests.memory.sessions import MemorySessions

SLOW = Bucket("gate_slow", rate=1 / 60, burst=3)


@pytest.fixture
def decided() -> Decided:
    return Decided()


class CountedSessions(MemorySessions):
    def __init__(self) -> None:
        super().__init__(MemoryDevices())
        self.asked = 0
        self.answers = True

    def is_live(self, session: SessionId, *, at: int) -> bool:
        self.asked += 1
        if not self.answers:
            raise Unavailable("the database")
        return super().is_live(session, at=at)


@dataclass
class Known:
    """What is known of sessions and connections, in the cache and in truth."""

    states: SessionStates
    connections: Connections
    sessions: CountedSessions = field(default_factory=CountedSessions)

    @property
    def check(self) -> CheckSession:
        return CheckSession(states=self.states, sessions=self.sessions, now_ms=now_ms)

    def connection(self) -> Connection:
        """Of a session that is live."""
        principal = a_principal()
        session = a_session(principal, created_at=now_ms(), refreshed_at=now_ms())
        self.sessions.open(session, RefreshToken.first(principal.session_id).digests())
        return replace(a_connection(principal, new_id()), connected_at=now_ms())


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def engine(request: pytest.FixtureRequest) -> Valkey | None:
    """None: memory."""
    return None if request.param == "memory" else request.getfixturevalue("valkey")


@pytest.fixture
def known(engine: Valkey | None) -> Known:
    if engine is None:
        return Known(MemorySessionStates(), MemoryConnections())
    return Known(ValkeySessionStates(engine), ValkeyConnections(engine, now_ms))


@pytest.fixture
def backlogs(engine: Valkey | None) -> Backlogs:
    return MemoryBacklogs(now_ms) if engine is None else ValkeyBacklogs(engine)


@pytest.fixture
def partition_of(decided: Decided) -> Callable[[ConversationId], int]:
    """The lobby and the direct conversation are in two that no other test has to do with."""
    number = random.randrange(10**6, 10**9)
    return lambda conversation: number + (conversation == decided.direct)


@pytest.fixture
def gate(
    engine: Valkey | None,
    known: Known,
    decided: Decided,
    backlogs: Backlogs,
    partition_of: Callable[[ConversationId], int],
) -> Gate:
    if engine is None:
        return MemoryGate(
            *(MemoryAdmission(decided), MemoryRateLimits(now_ms), known.connections, known.check),
            backlogs=backlogs,
            partition_of=partition_of,
        )
    return a_gate(engine, decided, known.check, partition_of=partition_of)


class TestSessionsContract:
    """Frames of connections whose session has ended do not pass."""

    def test_of_a_session_that_is_live_they_pass(self, gate: Gate, known: Known, decided: Decided) -> None:
        phone = known.connection()
        gate.admit(phone, SLOW)
        gate.enter(decided.lobby, decided.ann, SLOW, origin=phone)

    def test_of_one_that_has_ended_none_does(self, gate: Gate, known: Known, decided: Decided) -> None:
        """Whether the connection is registered or not; and it takes nothing of the right to ask."""
        for is_registered in (True, False):
            phone = known.connection()
            gate.admit(phone, None)
            if is_registered:
                known.connections.register(phone)
            known.states.note_ended([phone.session_id])
            for _ in range(SLOW.burst):
                with pytest.raises(Unauthenticated):
                    gate.admit(phone, SLOW)
                with pytest.raises(Unauthenticated):
                    gate.enter(decided.lobby, decided.ann, SLOW, cost=0, origin=phone)

    def test_where_nothing_is_known_the_truth_is_asked_once(self, gate: Gate, known: Known) -> None:
        """As after a loss of the cache's data."""
        phone = known.connection()
        for _ in range(3):
            gate.admit(phone, None)
        assert known.sessions.asked == 1

    def test_where_nothing_is_known_an_end_is_found_out(self, gate: Gate, known: Known, decided: Decided) -> None:
        phone = known.connection()
        known.sessions.end([phone.session_id], at=now_ms())
        with pytest.raises(Unauthenticated):
            gate.admit(phone, None)
        with pytest.raises(Unauthenticated):
            gate.enter(decided.lobby, decided.ann, SLOW, origin=phone)

    def test_a_registered_connection_asks_nobody(self, gate: Gate, known: Known) -> None:
        phone = known.connection()
        known.connections.register(phone)
        gate.admit(phone, None)
        assert known.sessions.asked == 0

    def test_who_signals_too_much_does_not_pass(self, gate: Gate, known: Known) -> None:
        phone = known.connection()
        for _ in range(SLOW.burst):
            gate.admit(phone, SLOW)
        with pytest.raises(RateLimited) as refusal:
            gate.admit(phone, SLOW)
        assert refusal.value.retry_after_ms is not None
        assert 50_000 < refusal.value.retry_after_ms <= 60_000
        gate.admit(phone, None)

    def test_where_nobody_knows_it_is_said(self, gate: Gate, known: Known) -> None:
        phone = known.connection()
        known.sessions.answers = False
        with pytest.raises(Unavailable):
            gate.admit(phone, None)


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
            assert gate.enter(decided.lobby, decided.ann, SLOW, cost=0).told
            assert not gate.enter(decided.lobby, decided.bob, SLOW, cost=0).told

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

    def test_who_passes_is_told_what_is_known_of_the_partition(
        self, gate: Gate, decided: Decided, backlogs: Backlogs, partition_of: Callable[[ConversationId], int]
    ) -> None:
        """And nothing where nothing is known, or where it is another's."""
        assert gate.enter(decided.lobby, decided.ann, SLOW).backlog is None
        behind = a_backlog(partition=partition_of(decided.lobby))
        backlogs.leave([behind])
        assert gate.enter(decided.lobby, decided.ann, SLOW).backlog == behind
        assert gate.enter(decided.direct, decided.ann, SLOW).backlog is None

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
        gate = a_gate(valkey, decided, unasked())
        for _ in range(3):
            gate.enter(decided.lobby, decided.ann, SLOW)
        assert decided.asked == 1

    def test_its_tokens_are_those_of_the_limits(self, valkey: Valkey, decided: Decided) -> None:
        """Other paths may take from the same bucket."""
        a_gate(valkey, decided, unasked()).enter(decided.lobby, decided.ann, SLOW, cost=3)
        with pytest.raises(RateLimited):
            ValkeyRateLimits(valkey).take(SLOW, decided.ann)

    def test_a_stage_may_have_other_limits(self, valkey: Valkey, decided: Decided) -> None:
        adjusted = {SLOW.name: Bucket(SLOW.name, rate=1, burst=1)}
        gate = a_gate(valkey, decided, unasked(), adjusted)
        with pytest.raises(RateLimited):
            gate.enter(decided.lobby, decided.ann, SLOW, cost=2)
        gate.enter(decided.lobby, decided.ann, SLOW)

    def test_without_the_cache_limits_are_open_and_the_database_decides(
        self, decided: Decided, caplog: pytest.LogCaptureFixture
    ) -> None:
        """P8, P9."""
        nowhere = Valkey(ValkeySettings(endpoint="127.0.0.1:1", auth="none"), lambda: None)
        known = Known(ValkeySessionStates(nowhere), MemoryConnections())
        phone = known.connection()
        gate = a_gate(nowhere, decided, known.check)
        with caplog.at_level(logging.WARNING):
            entered = gate.enter(decided.lobby, decided.ann, SLOW, cost=100)
        assert entered.backlog is None
        assert "rate limit gate_slow is open" in caplog.text
        with pytest.raises(NotMember):
            gate.enter(decided.lobby, decided.bob, SLOW)
        gate.admit(phone, SLOW)
        known.sessions.end([phone.session_id], at=now_ms())
        with pytest.raises(Unauthenticated):
            gate.admit(phone, SLOW)
        with pytest.raises(Unauthenticated):
            gate.enter(decided.lobby, decided.ann, SLOW, origin=phone)


def a_gate(
    valkey: Valkey,
    decided: Decided,
    check_session: Callable[[SessionId], None],
    adjusted: Mapping[str, Bucket] = MappingProxyType({}),
    *,
    partition_of: Callable[[ConversationId], int] = lambda _: 0,
) -> ValkeyGate:
    admission = ValkeyAdmission(valkey, decided)
    return ValkeyGate(valkey, admission, check_session, adjusted, partition_of=partition_of)


def unasked() -> CheckSession:
    return Known(MemorySessionStates(), MemoryConnections()).check
