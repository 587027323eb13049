import dataclasses
from dataclasses import replace
from typing import Any

import pytest

from functions.send.handler import build
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import COMMANDS
from natter.domain.messages.commands import Command, Item, PostMessage
from natter.usecases.messages.send import Send
from tests.backlogs import a_backlog
from tests.chat import Chat
from tests.measuring import Measured
from tests.messages import MALLORY, NOON, a_connection, a_delete, a_reaction, an_edit, text
from tests.sockets import ENDPOINT, SocketClient


class DownLog:
    def append(self, command: Command) -> int:
        raise Unavailable(f"the log, given {len(command.items)}")


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def ann(chat: Chat) -> UserId:
    return chat.person("ann")


@pytest.fixture
def lobby(chat: Chat, ann: UserId) -> ConversationId:
    return chat.group(ann, conversation_id=ConversationId("lobby"))


def client(send: Send, user: UserId) -> SocketClient:
    return SocketClient(build(send, send.gate, ENDPOINT), a_connection(user))


@pytest.fixture(autouse=True)
def live(chat: Chat, ann: UserId) -> None:
    """The sessions of whoever sends."""
    for user in (ann, MALLORY):
        chat.world.states.note_live(a_connection(user).session_id)


def a_frame(conversation: ConversationId, *client_ids: str, **changes: Any) -> dict[str, Any]:
    messages = [{"client_id": each, "content": text("hello")} for each in client_ids]
    return {"action": "send", "id": "q", "conversation_id": conversation, "messages": messages} | changes


class TestSend:
    @pytest.mark.parametrize("lost", [True, False])
    def test_of_an_ended_session_nothing_is_sent(
        self, chat: Chat, ann: UserId, lobby: ConversationId, lost: bool
    ) -> None:
        """Also where the cache has lost its data, and the connection is registered no more: the truth is asked."""
        session = a_connection(ann).session_id
        if lost:
            chat.world.states.lose()
        else:
            chat.world.states.note_ended([session])
        assert client(chat.send, ann)(a_frame(lobby, "m1"))["code"] == "unauthenticated"
        assert len(chat.log.records(since=1)) == 0

    def test_a_registered_connection_is_taken_at_its_word(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """The database is not asked for every frame once the cache has forgotten that the session lives."""
        chat.world.states.lose()
        chat.registry.register(replace(a_connection(ann), endpoint=ENDPOINT))
        assert client(chat.send, ann)(a_frame(lobby, "m1"))["type"] == "ack"

    def test_a_frame_is_answered_with_an_ack(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """P1."""
        assert client(chat.send, ann)(a_frame(lobby, "m1", "m2")) == {
            "type": "ack",
            "id": "q",
            "conversation_id": lobby,
            "accepted": [{"client_id": "m1", "at": NOON}, {"client_id": "m2", "at": NOON}],
        }

    def test_the_sender_is_who_is_connected_whatever_the_frame_says(
        self, chat: Chat, ann: UserId, lobby: ConversationId
    ) -> None:
        client(chat.send, ann)(a_frame(lobby, "m1", sender_id="bob", user_id="bob"))
        (record,) = chat.log.records(since=1)
        assert (record.command.sender_id, record.command.origin) == (ann, a_connection(ann))
        assert [item.content for item in record.command.items if isinstance(item, PostMessage)] == [text("hello")]

    def test_without_an_id_there_is_an_ack_without_one(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        ack = client(chat.send, ann)(a_frame(lobby, "m1", id=None))
        assert (ack["type"], ack.get("id")) == ("ack", None)

    def test_a_refused_frame_is_told_by_its_client_ids(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        error = client(chat.send, MALLORY)(a_frame(lobby, "m1", "m2"))
        assert (error["type"], error["id"], error["code"]) == ("error", "q", "not_member")
        assert (error["conversation_id"], error["client_ids"]) == (lobby, ["m1", "m2"])
        assert len(chat.log.records()) == 1
        assert client(chat.send, ann)(a_frame(lobby, "m1"))["type"] == "ack"

    def test_what_would_have_to_wait_is_refused_and_counted(
        self, chat: Chat, ann: UserId, lobby: ConversationId, measured: Measured
    ) -> None:
        measured()
        ask = client(chat.send, ann)
        assert ask(a_frame(lobby, "m0"))["type"] == "ack"
        assert measured().keys() & {"Overload"} == set()
        chat.backlogs.leave([a_backlog(partition=0, at=NOON, items=2000)])
        error = ask(a_frame(lobby, "m1", "m2"))
        assert (error["code"], error["client_ids"], error["id"]) == ("unavailable", ["m1", "m2"], "q")
        assert 1000 <= error["retry_after_ms"] <= 3000
        found = measured()
        assert (found["Overload"], found["Faults"], found["Answers[unavailable, send]"]) == ([2], [1], [1])
        assert len(chat.log.records(since=1)) == 1

    def test_one_wrong_message_refuses_all(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        frame = a_frame(lobby, "m1", "m2")
        frame["messages"][1]["content"] = text("")
        error = client(chat.send, ann)(frame)
        assert (error["code"], error["client_ids"]) == ("bad_request", ["m1", "m2"])
        assert error["detail"].startswith("messages.1.content")
        assert len(chat.log.records()) == 1

    def test_there_is_no_attachment(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        frame = a_frame(lobby, "m1")
        frame["messages"][0]["content"] = {"type": "attachment", "attachment_id": "a-1", "text": "look"}
        error = client(chat.send, ann)(frame)
        assert (error["code"], error["client_ids"]) == ("not_found", ["m1"])

    @pytest.mark.parametrize(
        ("frame", "item"),
        [
            ({"action": "edit", "content": text("better")}, an_edit("c1", 2, "better")),
            ({"action": "delete"}, a_delete("c1", 2)),
            ({"action": "react", "reaction": "👍"}, a_reaction("c1", 2)),
            ({"action": "react", "reaction": "👍", "remove": True}, a_reaction("c1", 2, remove=True)),
        ],
    )
    def test_an_amendment_is_appended_and_acknowledged(
        self, chat: Chat, ann: UserId, lobby: ConversationId, frame: dict[str, Any], item: Item
    ) -> None:
        """P1. Whether its target is there is for the fold to say."""
        amendment = {"id": "q", "conversation_id": lobby, "client_id": "c1", "target_seq": 2} | frame
        assert client(chat.send, ann)(amendment) == {
            "type": "ack",
            "id": "q",
            "conversation_id": lobby,
            "accepted": [{"client_id": "c1", "at": NOON}],
        }
        (record,) = chat.log.records(since=1)
        assert (record.command.sender_id, record.command.items) == (ann, (item,))
        assert record.command.origin == a_connection(ann)

    @pytest.mark.parametrize("action", ["edit", "delete", "react"])
    def test_a_malformed_amendment_is_told_by_its_client_id(
        self, chat: Chat, ann: UserId, lobby: ConversationId, action: str
    ) -> None:
        error = client(chat.send, ann)({"action": action, "conversation_id": lobby, "client_id": "c1"})
        assert (error["code"], error["client_ids"]) == ("bad_request", ["c1"])
        assert error["detail"].startswith("target_seq")

    @pytest.mark.parametrize(
        "frame",
        [{"action": "edit", "content": text("better")}, {"action": "delete"}, {"action": "react", "reaction": "+"}],
    )
    def test_who_does_not_belong_there_amends_nothing(
        self, chat: Chat, lobby: ConversationId, frame: dict[str, Any]
    ) -> None:
        """P8."""
        amendment = {"conversation_id": lobby, "client_id": "c1", "target_seq": 1} | frame
        error = client(chat.send, MALLORY)(amendment)
        assert (error["code"], error["client_ids"]) == ("not_member", ["c1"])
        assert len(chat.log.records()) == 1

    @pytest.mark.parametrize(
        ("frame", "code"),
        [
            ({"action": "send"}, "bad_request"),
            ({"action": "react", "reaction": "+"}, "bad_request"),
            ({"action": "send", "messages": [{"client_id": "m1", "content": text("x" * 8000)}] * 5}, "too_large"),
            ({"action": "dance"}, "unknown_action"),
            ("{", "bad_request"),
        ],
        ids=["send", "react", "large", "unknown", "no JSON"],
    )
    def test_what_cannot_be_read_counts_as_a_message(self, chat: Chat, ann: UserId, frame: Any, code: str) -> None:
        """Or nothing would bound how many of these one user can have looked at."""
        phone = client(chat.send, ann)
        assert {phone(frame)["code"] for _ in range(COMMANDS.burst)} == {code}
        error = phone(frame)
        assert (error["code"], error["retry_after_ms"]) == ("rate_limited", 1000 / COMMANDS.rate)

    def test_of_an_ended_session_what_cannot_be_read_is_refused_for_that(self, chat: Chat, ann: UserId) -> None:
        chat.world.states.note_ended([a_connection(ann).session_id])
        assert client(chat.send, ann)({"action": "send"})["code"] == "unauthenticated"

    def test_no_other_action_is_taken_for_one_of_its_own(self, chat: Chat, ann: UserId) -> None:
        assert client(chat.send, ann)({"action": "dance"})["code"] == "unknown_action"

    def test_what_was_not_confirmed_may_go_again(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """P9."""
        send = dataclasses.replace(chat.send, log=DownLog())
        error = client(send, ann)(a_frame(lobby, "m1"))
        assert (error["code"], error["client_ids"]) == ("unavailable", ["m1"])
        assert error["retry_after_ms"] > 0
