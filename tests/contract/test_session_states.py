"""What every `SessionStates` promises."""

import pytest

from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.session_states import ValkeySessionStates
from natter.domain.ids import SessionId, new_id
from natter.names import CONNECTION_LIFETIME_S
from natter.ports.accounts import SessionStates
from tests.memory.session_states import MemorySessionStates


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def states(request: pytest.FixtureRequest) -> SessionStates:
    return (
        MemorySessionStates() if request.param == "memory" else ValkeySessionStates(request.getfixturevalue("valkey"))
    )


class TestSessionStatesContract:
    def test_nothing_is_known_at_first(self, states: SessionStates) -> None:
        assert states.get(SessionId(new_id())) is None

    def test_live_is_remembered(self, states: SessionStates) -> None:
        session = SessionId(new_id())
        states.note_live(session)
        assert states.get(session) == "live"

    def test_ended_replaces_live(self, states: SessionStates) -> None:
        session = SessionId(new_id())
        states.note_live(session)
        states.note_ended([session])
        assert states.get(session) == "ended"

    def test_live_never_replaces_ended(self, states: SessionStates) -> None:
        """Who read "live" from the truth a moment before the end, and notes it after, undoes nothing."""
        session = SessionId(new_id())
        states.note_ended([session])
        states.note_live(session)
        assert states.get(session) == "ended"

    def test_many_end_together(self, states: SessionStates) -> None:
        sessions = [SessionId(new_id()) for _ in range(1000)]
        states.note_ended(sessions)
        states.note_ended([])
        assert {states.get(session) for session in sessions} == {"ended"}


@pytest.mark.engines
def test_an_end_is_known_for_as_long_as_a_connection_may_live(valkey: Valkey) -> None:
    session = SessionId(new_id())
    ValkeySessionStates(valkey).note_ended([session])
    with valkey.client() as client:
        assert CONNECTION_LIFETIME_S - 5 < client.ttl(f"session:{session}") <= CONNECTION_LIFETIME_S
