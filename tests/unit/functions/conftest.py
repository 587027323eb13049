import pytest

from tests.chat import Chat
from tests.person import Person


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def ann(chat: Chat) -> Person:
    return Person(chat, "ann")


@pytest.fixture
def bob(chat: Chat) -> Person:
    return Person(chat, "bob")


@pytest.fixture
def cid(chat: Chat) -> Person:
    return Person(chat, "cid")
