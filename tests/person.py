"""Somebody who uses the HTTP API of conversations, in memory."""

from functions.chat_api.handler import build
from tests.chat import Chat
from tests.http import HttpClient
from tests.identity import a_sign_in


class Person:
    """A signed-in user, and the HTTP API as they see it."""

    def __init__(self, chat: Chat, name: str) -> None:
        self.user_id = chat.person(name)
        signed_in = chat.world.sign_in(a_sign_in(name))
        self.device_id = signed_in.principal.device_id
        self.call = HttpClient(build(chat.engines), token=signed_in.access_token)
