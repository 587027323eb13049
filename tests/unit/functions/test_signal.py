import json
from dataclasses import replace
from typing import Any

import pytest

from functions.signal.handler import build
from natter.domain.connections import Connection, ConnectionChange, Registered
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, DeviceId, UserId
from natter.domain.limits import SIGNALS
from natter.domain.presence import GRACE_MS, Watcher
from natter.domain.receipts import Receipt
from natter.ports.presence import ConnectionLog
from natter.usecases.accounts.closing_gate import ClosingGate
from natter.usecases.presence.say_status import SayStatus
from natter.usecases.presence.watch import Watch
from natter.usecases.receipts.note_receipt import NoteReceipt
from natter.usecases.signals.pass_on_typing import PassOnTyping
from natter.usecases.signals.ping import Ping
from natter.wire.json_frames import JsonFrames
from tests.chat import Chat
from tests.memory.connections import MemoryConnections
from tests.messages import MALLORY, NOON, a_connection, a_post
from tests.sockets import ENDPOINT, SocketClient


class Silent(MemoryConnections):
    def renew(self, connection: Connection) -> Registered:
        raise Unavailable(f"the registry, given {connection.connection_id}")


class DownLog:
    def append(self, receipt: Receipt) -> None:
        raise Unavailable(f"the log, given {receipt.read_seq}")


class DownConnectionLog:
    def note(self, change: ConnectionChange) -> bool:
        return change.change == "opened"


def client(
    chat: Chat,
    user: UserId,
    *,
    registry: MemoryConnections | None = None,
    note: NoteReceipt | None = None,
    status_log: ConnectionLog | None = None,
) -> SocketClient:
    """Of a session that is live."""
    connection, traces = a_connection(user), chat.world.traces
    chat.world.states.note_live(connection.session_id)
    close = replace(chat.world.close, connections=chat.registry, gateway=chat.gateway)
    handler = build(
        gate=ClosingGate(gate=chat.gate, close=close),
        ping=Ping(
            connections=registry or chat.registry,
            check_session=chat.world.check_session,
            close=close,
            traces=traces,
            log=chat.changes,
            now_ms=lambda: NOON,
        ),
        note=note or chat.note_receipt,
        pass_on=PassOnTyping(admission=chat.admission, limits=chat.world.limits, frames=JsonFrames(), tell=chat.tell),
        watch=Watch(
            acquaintances=chat.world.acquaintances,
            watchers=chat.world.watchers,
            now=replace(chat.world.presence_now, connections=chat.registry),
        ),
        say=SayStatus(traces=traces, log=status_log or chat.changes, now_ms=chat.world.clock),
        endpoint=ENDPOINT,
    )
    return SocketClient(handler, connection)


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
def lobby(chat: Chat, ann: UserId, bob: UserId) -> ConversationId:
    """Its head is at 3."""
    conversation = chat.group(ann, bob)
    chat.say(conversation, ann, a_post("m1"), a_post("m2"))
    return conversation


class TestPing:
    def test_who_was_not_registered_is_told_to_sync(self, chat: Chat, ann: UserId) -> None:
        phone = client(chat, ann)
        assert phone({"action": "ping", "id": "q"}) == {"type": "pong", "id": "q", "at": NOON, "sync": True}

    def test_who_was_is_not(self, chat: Chat, ann: UserId) -> None:
        phone = client(chat, ann)
        chat.registry.register(phone.connection)
        assert phone({"action": "ping", "id": "r"}) == {"type": "pong", "id": "r", "at": NOON}

    def test_without_an_id_it_renews_without_a_pong(self, chat: Chat, ann: UserId) -> None:
        assert client(chat, ann)({"action": "ping"}) is None
        assert list(chat.registry.of([ann])[ann]) == [replace(a_connection(ann), endpoint=ENDPOINT)]

    def test_a_wrong_id_is_named(self, chat: Chat, ann: UserId) -> None:
        error = client(chat, ann)({"action": "ping", "id": 5})
        assert (error["code"], error["detail"]) == ("bad_request", "id: Input should be a valid string")

    def test_an_outage_is_said(self, chat: Chat, ann: UserId) -> None:
        error = client(chat, ann, registry=Silent())({"action": "ping", "id": "q"})
        assert (error["id"], error["code"]) == ("q", "unavailable")


@pytest.mark.parametrize("action", ["read", "delivered"])
class TestReceipts:
    def test_are_answered_with_ok_and_are_in_the_log(
        self, chat: Chat, bob: UserId, lobby: ConversationId, action: str
    ) -> None:
        frame = {"action": action, "id": "q", "conversation_id": lobby, "seq": 3, "user_id": "ann"}
        assert client(chat, bob)(frame) == {"type": "ok", "id": "q"}
        (record,) = chat.receipt_log.records
        by = a_connection(bob)
        places = {"read_seq": 3, "delivered_seq": 0} if action == "read" else {"read_seq": 0, "delivered_seq": 3}
        assert record.receipt == Receipt(
            conversation_id=lobby, user_id=bob, connection_id=by.connection_id, device_id=by.device_id, **places
        )

    def test_without_an_id_there_is_no_ok(self, chat: Chat, bob: UserId, lobby: ConversationId, action: str) -> None:
        assert client(chat, bob)({"action": action, "conversation_id": lobby, "seq": 3}) is None
        assert len(chat.receipt_log.records) == 1

    @pytest.mark.parametrize("seq", [0, -1, 4, 2**53, 1.5, "3", True, None])
    def test_a_place_that_does_not_exist_is_named(
        self, chat: Chat, bob: UserId, lobby: ConversationId, action: str, seq: Any
    ) -> None:
        error = client(chat, bob)({"action": action, "id": "q", "conversation_id": lobby, "seq": seq})
        assert (error["id"], error["code"], error["conversation_id"]) == ("q", "bad_request", lobby)
        assert error["detail"].startswith("seq: ")
        assert chat.receipt_log.records == []

    def test_strangers_are_not_members(self, chat: Chat, lobby: ConversationId, action: str) -> None:
        """P8."""
        error = client(chat, MALLORY)({"action": action, "conversation_id": lobby, "seq": 9})
        assert error["code"] == "not_member"

    def test_too_many_are_refused_together(self, chat: Chat, bob: UserId, lobby: ConversationId, action: str) -> None:
        phone = client(chat, bob)
        for number in range(SIGNALS.burst):
            phone({"action": ("read", "delivered")[number % 2], "conversation_id": lobby, "seq": 1})
        error = phone({"action": action, "id": "q", "conversation_id": lobby, "seq": 1})
        assert (error["code"], error["retry_after_ms"]) == ("rate_limited", 100)

    def test_an_outage_of_the_log_is_said(self, chat: Chat, bob: UserId, lobby: ConversationId, action: str) -> None:
        phone = client(chat, bob, note=replace(chat.note_receipt, log=DownLog()))
        error = phone({"action": action, "id": "q", "conversation_id": lobby, "seq": 3})
        assert (error["id"], error["code"]) == ("q", "unavailable")


class TestTyping:
    def test_is_answered_with_ok_and_passed_on_to_the_others(
        self, chat: Chat, ann: UserId, bob: UserId, lobby: ConversationId
    ) -> None:
        bobs = a_connection(bob)
        chat.registry.register(bobs)
        frame = {"action": "typing", "id": "q", "conversation_id": lobby, "state": "started"}
        assert client(chat, ann)(frame) == client(chat, ann)(frame) == {"type": "ok", "id": "q"}
        (shown,) = chat.gateway.frames[bobs.connection_id]
        assert json.loads(shown) == {
            "type": "typing",
            "conversation_id": lobby,
            "user_id": ann,
            "state": "started",
        }

    def test_another_state_is_named(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        error = client(chat, ann)({"action": "typing", "conversation_id": lobby, "state": "thinking"})
        assert error["code"] == "bad_request"
        assert error["detail"].startswith("state: ")

    def test_strangers_are_not_members(self, chat: Chat, lobby: ConversationId) -> None:
        error = client(chat, MALLORY)({"action": "typing", "conversation_id": lobby, "state": "started"})
        assert error["code"] == "not_member"

    def test_what_is_none_counts_as_any_other_signal(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        """What is one has limits of its own, which it never comes to."""
        phone, frame = client(chat, ann), {"action": "typing", "conversation_id": lobby}
        assert {phone(frame)["code"] for _ in range(SIGNALS.burst)} == {"bad_request"}
        assert phone(frame)["code"] == "rate_limited"
        assert phone({**frame, "id": "q", "state": "started"}) == {"type": "ok", "id": "q"}


@pytest.mark.usefixtures("lobby")
class TestWatch:
    def test_is_answered_with_how_those_are_whom_one_may_see(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        """P8. Whom one does not know is left out, whether there is such a user or not."""
        chat.registry.register(a_connection(bob))
        stranger, asked = chat.person("mallory"), {"action": "watch", "id": "q"}
        answer = client(chat, ann)({**asked, "user_ids": [stranger, "nobody", bob, bob]})
        assert answer == {"type": "presence", "id": "q", "users": [{"user_id": bob, "state": "online"}]}
        watching = Watcher(user_id=ann, connection_id=a_connection(ann).connection_id)
        assert chat.world.watchers.of([bob, stranger]) == {bob: [watching]}

    def test_without_an_id_it_is_answered_too(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        chat.world.traces.see(bob, DeviceId("phone"), at=NOON - GRACE_MS)
        assert client(chat, ann)({"action": "watch", "user_ids": [bob]}) == {
            "type": "presence",
            "users": [{"user_id": bob, "state": "offline", "last_seen_at": NOON - GRACE_MS}],
        }

    def test_another_list_replaces_it(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        phone = client(chat, ann)
        phone({"action": "watch", "user_ids": [bob]})
        assert phone({"action": "watch", "user_ids": []}) == {"type": "presence", "users": []}
        assert chat.world.watchers.of([bob]) == {}

    @pytest.mark.parametrize("user_ids", [None, "bob", [1], ["not an id"], ["u"] * 101])
    def test_a_wrong_list_is_named(self, chat: Chat, ann: UserId, user_ids: Any) -> None:
        error = client(chat, ann)({"action": "watch", "user_ids": user_ids})
        assert error["code"] == "bad_request"
        assert error["detail"].startswith("user_ids")


class TestStatus:
    def test_is_remembered_and_there_is_reason_to_look(self, chat: Chat, ann: UserId) -> None:
        phone = a_connection(ann)
        chat.registry.register(phone)
        assert client(chat, ann)({"action": "status", "id": "q", "state": "away"}) == {"type": "ok", "id": "q"}
        present = replace(chat.world.presence_now, connections=chat.registry)
        assert present([ann])[ann].state == "away"
        assert [(each.connection.user_id, each.change) for each in chat.changes.changes] == [(ann, "status")]

    def test_online_takes_it_back(self, chat: Chat, ann: UserId) -> None:
        phone = client(chat, ann)
        assert phone({"action": "status", "state": "away"}) is None
        assert phone({"action": "status", "state": "online"}) is None
        assert chat.world.traces.of([ann])[ann].away == frozenset()

    @pytest.mark.parametrize("state", [None, "offline", "dancing", 1])
    def test_another_state_is_named(self, chat: Chat, ann: UserId, state: Any) -> None:
        error = client(chat, ann)({"action": "status", "state": state})
        assert error["code"] == "bad_request"
        assert error["detail"].startswith("state")

    def test_an_outage_of_the_log_is_said(self, chat: Chat, ann: UserId) -> None:
        phone = client(chat, ann, status_log=DownConnectionLog())
        error = phone({"action": "status", "state": "away"})
        assert error["code"] == "unavailable"


@pytest.mark.parametrize(
    "frame",
    [
        {"action": "watch", "user_ids": []},
        {"action": "status", "state": "online"},
        {"action": "ping"},
        {"action": "dance"},
        {},
        "{",
    ],
)
def test_too_many_signals_are_refused(chat: Chat, ann: UserId, frame: Any) -> None:
    phone = client(chat, ann)
    for _ in range(SIGNALS.burst):
        phone(frame)
    error = phone(frame)
    assert (error["code"], error["retry_after_ms"]) == ("rate_limited", 100)


def test_typing_takes_nothing_of_what_signals_may(chat: Chat, ann: UserId, lobby: ConversationId) -> None:
    phone = client(chat, ann)
    for _ in range(SIGNALS.burst + 1):
        assert phone({"action": "typing", "conversation_id": lobby, "state": "started"}) is None
    assert phone({"action": "ping", "id": "q"})["type"] == "pong"


class TestOfAnEndedSession:
    """A connection that has outlived it, whatever has failed, is heard no more, and is closed."""

    @pytest.mark.parametrize("action", ["ping", "read", "typing", "watch", "status", "dance"])
    def test_no_frame_is_heard(self, chat: Chat, ann: UserId, lobby: ConversationId, action: str) -> None:
        phone = client(chat, ann)
        chat.registry.register(phone.connection)
        chat.world.states.note_ended([phone.connection.session_id])
        frame = {"action": action, "conversation_id": lobby, "seq": 1, "state": "started", "user_ids": []}
        assert phone(frame)["code"] == "unauthenticated"
        assert [each.connection_id for each in chat.gateway.closed] == [phone.connection.connection_id]
        assert chat.gateway.frames[phone.connection.connection_id] == [b'{"type":"signed_out"}']
        assert chat.registry.of([ann]) == {}

    def test_also_where_the_cache_has_lost_its_data(self, chat: Chat, ann: UserId) -> None:
        """The truth is asked: there never was such a session."""
        phone = client(chat, ann)
        chat.world.states.lose()
        assert phone({"action": "ping"})["code"] == "unauthenticated"
        assert chat.registry.of([ann]) == {}


class TestDefault:
    @pytest.mark.parametrize(
        ("frame", "code", "detail"),
        [
            ("{", "bad_request", "the body is not valid JSON"),
            ("[]", "bad_request", "a frame is a JSON object"),
            ({}, "bad_request", "action: must be a string"),
            ({"action": 1}, "bad_request", "action: must be a string"),
            ({"action": None}, "bad_request", "action: must be a string"),
            ({"action": ""}, "unknown_action", "action: not known"),
            ({"action": "dance"}, "unknown_action", "action: not known"),
            ({"action": "$default"}, "unknown_action", "action: not known"),
        ],
    )
    def test_frames_of_no_known_action_are_answered(
        self, chat: Chat, ann: UserId, frame: Any, code: str, detail: str
    ) -> None:
        error = client(chat, ann)(frame)
        assert (error["type"], error["code"], error["detail"]) == ("error", code, detail)
        assert chat.registry.of([ann]) == {}

    def test_with_their_id(self, chat: Chat, ann: UserId) -> None:
        frame = {"action": "dance", "id": "q", "conversation_id": "c", "client_id": "m1"}
        error = client(chat, ann)(frame)
        assert (error["id"], error["conversation_id"], error["client_ids"]) == ("q", "c", ["m1"])
