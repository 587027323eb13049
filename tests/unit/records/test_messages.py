import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.connections import Connection, ConnectionChange
from natter.domain.conversations.members import Member
from natter.domain.messages.commands import (
    AddMembers,
    ChangeConversation,
    ChangeRole,
    Command,
    CreateConversation,
    DeleteMessage,
    EditMessage,
    Item,
    PostMessage,
    React,
    RemoveMember,
)
from natter.domain.messages.events import Emission, Event, Head
from natter.domain.receipts import Receipt
from natter.records import messages as records
from natter.records.base import BadRecordError
from natter.records.presence import CONNECTION_SCHEMA, dump_connection, load_connection
from natter.records.receipts import RECEIPT_SCHEMA, dump_receipt, load_receipt
from tests.messages import ANN, LOBBY, NOON, a_command, a_connection, a_post, an_event, created

# an alphabet without lone surrogates, which no JSON that was accepted holds
WORDS: st.SearchStrategy[Any] = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NUMBERS = st.integers(0, 2**53 - 1)
JSON = st.recursive(
    st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
)
PAYLOADS = st.dictionaries(WORDS, JSON, max_size=4)
ROLES = st.sampled_from(["owner", "admin", "member"])
MEMBERS = st.lists(st.builds(Member, user_id=WORDS, role=ROLES), max_size=5).map(tuple)
ITEMS: st.SearchStrategy[Item] = st.one_of(
    st.builds(
        CreateConversation,
        client_id=WORDS,
        kind=st.sampled_from(["direct", "group"]),
        members=MEMBERS,
        title=st.none() | WORDS,
        type=st.just("conversation_created"),
    ),
    st.builds(
        PostMessage,
        client_id=WORDS,
        content=PAYLOADS,
        reply_to=st.none() | NUMBERS,
        mentions=st.lists(WORDS, max_size=3).map(tuple),
        type=st.just("message"),
    ),
    st.builds(EditMessage, client_id=WORDS, target_seq=NUMBERS, content=PAYLOADS, type=st.just("edit")),
    st.builds(DeleteMessage, client_id=WORDS, target_seq=NUMBERS, type=st.just("delete")),
    st.builds(
        React, client_id=WORDS, target_seq=NUMBERS, reaction=WORDS, remove=st.booleans(), type=st.just("reaction")
    ),
    st.builds(AddMembers, client_id=WORDS, members=MEMBERS, type=st.just("member_added")),
    st.builds(RemoveMember, client_id=WORDS, user_id=WORDS, type=st.just("member_removed")),
    st.builds(ChangeRole, client_id=WORDS, user_id=WORDS, role=ROLES, type=st.just("role_changed")),
    st.builds(
        ChangeConversation,
        client_id=WORDS,
        changes=st.dictionaries(st.sampled_from(["title", "avatar"]), st.none() | WORDS),
        type=st.just("conversation_changed"),
    ),
)
ORIGINS = st.builds(
    Connection,
    user_id=WORDS,
    device_id=WORDS,
    session_id=WORDS,
    connection_id=WORDS,
    connected_at=NUMBERS,
    endpoint=WORDS,
)
COMMANDS = st.builds(
    Command,
    conversation_id=WORDS,
    sender_id=WORDS,
    items=st.lists(ITEMS, max_size=4).map(tuple),
    origin=st.none() | ORIGINS,
    decided=st.booleans(),
)
EVENTS = st.builds(
    Event,
    conversation_id=WORDS,
    seq=NUMBERS,
    type=WORDS,
    at=NUMBERS,
    sender_id=WORDS,
    client_id=st.none() | WORDS,
    payload=PAYLOADS,
    messages=NUMBERS,
)
HEADS = st.builds(
    Head,
    conversation_id=WORDS,
    seq=NUMBERS,
    messages=NUMBERS,
    members_seq=NUMBERS,
    epoch=NUMBERS,
    partition=NUMBERS,
    offset=NUMBERS,
    at=NUMBERS,
    written_at=NUMBERS,
    preview=st.none() | EVENTS,
)

RECEIPTS = st.builds(
    Receipt,
    conversation_id=WORDS,
    user_id=WORDS,
    read_seq=NUMBERS,
    delivered_seq=NUMBERS,
    connection_id=st.none() | WORDS,
)


class TestRoundTrips:
    @given(COMMANDS)
    def test_a_command(self, command: Command) -> None:
        assert records.load_command(records.dump_command(command), records.COMMAND_SCHEMA) == command

    @given(EVENTS)
    def test_an_event(self, event: Event) -> None:
        assert records.load_event(records.dump_event(event)) == event

    @given(HEADS)
    def test_a_head(self, head: Head) -> None:
        assert records.load_head(records.dump_head(head)) == head

    @given(RECEIPTS)
    def test_a_receipt(self, receipt: Receipt) -> None:
        assert load_receipt(dump_receipt(receipt), RECEIPT_SCHEMA) == receipt

    @given(PAYLOADS)
    def test_a_payload(self, payload: dict[str, Any]) -> None:
        assert records.load_payload(records.dump_payload(payload)) == payload


class TestLoadCommand:
    @pytest.mark.parametrize("schema", [None, b"", b"command/1", b"events/1", b"COMMAND/1", b"command/2 "])
    def test_another_schema_is_refused_before_it_is_read(self, schema: bytes | None) -> None:
        with pytest.raises(BadRecordError, match=r"^schema "):
            records.load_command(records.dump_command(created()), schema)

    @pytest.mark.parametrize(
        "value",
        [
            b"",
            b"\xff\xfe",
            b"null",
            b"[]",
            b"{}",
            b'{"conversation_id":"lobby","sender_id":"ann"}',
            b'{"conversation_id":"lobby","sender_id":"ann","items":[{"client_id":"m1","type":"dance"}]}',
            b'{"conversation_id":"lobby","sender_id":"ann","items":[{"client_id":"m1","type":"message"}]}',
            b'{"conversation_id":5,"sender_id":"ann","items":[]}',
            records.dump_command(created())[:-1],
        ],
        ids=repr,
    )
    def test_what_is_no_command_is_refused(self, value: bytes) -> None:
        with pytest.raises(BadRecordError, match="errors in a record of command/2"):
            records.load_command(value, records.COMMAND_SCHEMA)

    def test_the_refusal_quotes_nothing(self) -> None:
        value = records.dump_command(a_command(a_post("m1", "secret"))).replace(b'"message"', b'"secret"')
        with pytest.raises(BadRecordError) as refusal:
            records.load_command(value, records.COMMAND_SCHEMA)
        assert "secret" not in str(refusal.value)
        assert refusal.value.__cause__ is None


class TestOnTheLog:
    def test_text_is_utf_8_and_never_ascii_escaped(self) -> None:
        words = "grüße \U0001f98a"
        assert words in records.dump_command(a_command(a_post("m1", words))).decode()
        assert words in records.dump_payload({"text": words})

    def test_a_command_names_the_connection_it_came_from(self) -> None:
        origin = a_connection(ANN)
        written = json.loads(records.dump_command(a_command(a_post("m1"), origin=origin)))
        assert written["origin"] == {
            "user_id": "ann",
            "device_id": "ann-phone",
            "session_id": "ann-session",
            "connection_id": "ann-1",
            "connected_at": NOON,
            "endpoint": "https://gateway.example",
        }

    def test_an_emission(self) -> None:
        event = an_event(1)
        emission = Emission(conversation_id=LOBBY, events=(event,), members_seq=1)
        written = json.loads(records.dump_emission(emission))
        assert written == {
            "conversation_id": LOBBY,
            "events": [json.loads(records.dump_event(event))],
            "members_seq": 1,
        }

    def test_a_change_of_connection_is_read_as_it_was_written(self) -> None:
        change = ConnectionChange(connection=a_connection(ANN), change="opened", at=NOON)
        assert load_connection(dump_connection(change), CONNECTION_SCHEMA) == change
        with pytest.raises(BadRecordError, match="connection/1"):
            load_connection(dump_connection(change), b"connection/1")
