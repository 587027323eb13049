from dataclasses import replace

import pytest

from natter.domain.errors import RateLimited, Unauthenticated
from natter.domain.limits import SIGNALS
from natter.usecases.signals.admit_signal import AdmitSignal
from tests.chat import Chat
from tests.messages import ANN, a_connection

PHONE = a_connection(ANN)


@pytest.fixture
def chat() -> Chat:
    chat = Chat()
    chat.registry.register(PHONE)
    return chat


@pytest.fixture
def admit(chat: Chat) -> AdmitSignal:
    return AdmitSignal(gate=chat.gate, close=replace(chat.world.close, connections=chat.registry, gateway=chat.gateway))


class TestAdmitSignal:
    def test_so_many_pass(self, admit: AdmitSignal) -> None:
        for _ in range(SIGNALS.burst):
            admit(PHONE, SIGNALS)
        with pytest.raises(RateLimited):
            admit(PHONE, SIGNALS)
        admit(PHONE, None)

    def test_what_has_outlived_its_session_is_closed(self, chat: Chat, admit: AdmitSignal) -> None:
        admit(PHONE, SIGNALS)
        assert chat.gateway.closed == []
        chat.world.states.note_ended([PHONE.session_id])
        with pytest.raises(Unauthenticated):
            admit(PHONE, SIGNALS)
        assert chat.gateway.closed == [PHONE]
        assert chat.registry.of([ANN]) == {}
