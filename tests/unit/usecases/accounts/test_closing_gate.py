from collections.abc import Callable
from dataclasses import replace

import pytest

from natter.domain.errors import RateLimited, Unauthenticated
from natter.domain.ids import ConversationId
from natter.domain.limits import COMMANDS, SIGNALS
from natter.usecases.accounts.closing_gate import ClosingGate
from tests.chat import Chat
from tests.messages import ANN, a_connection

PHONE = a_connection(ANN)
NOWHERE = ConversationId("nowhere")


@pytest.fixture
def chat() -> Chat:
    chat = Chat()
    chat.registry.register(PHONE)
    return chat


@pytest.fixture
def gate(chat: Chat) -> ClosingGate:
    close = replace(chat.world.close, connections=chat.registry, gateway=chat.gateway)
    return ClosingGate(gate=chat.gate, close=close)


class TestClosingGate:
    def test_so_many_pass(self, gate: ClosingGate) -> None:
        for _ in range(SIGNALS.burst):
            gate.admit(PHONE, SIGNALS)
        with pytest.raises(RateLimited):
            gate.admit(PHONE, SIGNALS)
        gate.admit(PHONE, None)

    @pytest.mark.parametrize(
        "attempt",
        [
            lambda gate: gate.admit(PHONE, SIGNALS),
            lambda gate: gate.enter(NOWHERE, ANN, COMMANDS, origin=PHONE),
        ],
        ids=["admit", "enter"],
    )
    def test_what_has_outlived_its_session_is_closed(
        self, chat: Chat, gate: ClosingGate, attempt: Callable[[ClosingGate], object]
    ) -> None:
        gate.admit(PHONE, SIGNALS)
        assert chat.gateway.closed == []
        chat.world.states.note_ended([PHONE.session_id])
        with pytest.raises(Unauthenticated):
            attempt(gate)
        assert chat.gateway.closed == [PHONE]
        assert chat.registry.of([ANN]) == {}
