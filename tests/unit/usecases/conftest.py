"""Conversations in memory, and people in them."""

import pytest

from natter.domain.ids import UserId
from tests.chat import Chat


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def ann(chat: Chat) -> UserId:
    return chat.person("ann")


@pytest.fixture
def bob(chat: Chat) -> UserId:
    return chat.person("bob")


@pytest.fixture
def cid(chat: Chat) -> UserId:
    return chat.person("cid")
