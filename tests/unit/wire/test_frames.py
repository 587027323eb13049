import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.errors import BadRequest, NotMember, RateLimited, TooLarge
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.messages.events import Event
from natter.names import CONTENT_LIMIT_BYTES, FRAME_LIMIT_BYTES
from natter.wire.base import parse
from natter.wire.frames import REFUSALS, ErrorFrame
from natter.wire.json_frames import JsonFrames
from natter.wire.messages import COMMAND_FRAMES, MAX_MENTIONS, AckFrame, EditFrame, ReactFrame, SendFrame
from natter.wire.signals import PongFrame
from tests.messages import ANN, LOBBY, NOON, a_command, a_connection, a_post, a_reaction, an_event, text

PHONE = a_connection(ANN)
LONGEST_ID = "x" * 64


def a_message(client_id: str = "m1", **changes: Any) -> dict[str, Any]:
    return {"client_id": client_id, "content": text("hello")} | changes


def a_frame(*messages: Any, **changes: Any) -> dict[str, Any]:
    return {"action": "send", "conversation_id": LOBBY, "messages": list(messages) or [a_message()]} | changes


def with_content(**content: Any) -> dict[str, Any]:
    return a_frame(a_message(content=content))


def an_amendment(action: str, **changes: Any) -> dict[str, Any]:
    """None leaves a field out."""
    fields = {"action": action, "conversation_id": LOBBY, "client_id": "c1", "target_seq": 2} | changes
    return {name: value for name, value in fields.items() if value is not None}


def at_the_limit(surplus: int) -> dict[str, str]:
    """Content of as many bytes as fit, and `surplus`: few characters can be many bytes."""
    bare = len(json.dumps(text(""), separators=(",", ":")))
    room = CONTENT_LIMIT_BYTES - bare + surplus
    return text("\U0001f600" * (room // 4) + "x" * (room % 4))


def parsed(frame: dict[str, Any]) -> SendFrame:
    return parse(SendFrame, frame)


MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "no conversation": ({"action": "send", "messages": [a_message()]}, "conversation_id"),
    "conversation of wrong type": (a_frame(conversation_id=5), "conversation_id"),
    "conversation of wrong characters": (a_frame(conversation_id="a/b"), "conversation_id"),
    "conversation too long": (a_frame(conversation_id="x" * 65), "conversation_id"),
    "id of wrong type": (a_frame(id=5), "id"),
    "empty id": (a_frame(id=""), "id"),
    "another action": (a_frame(action="ping"), "action"),
    "no messages": ({"action": "send", "conversation_id": LOBBY}, "messages"),
    "empty messages": (a_frame(messages=[]), "messages"),
    "messages are an object": (a_frame(messages={"0": a_message()}), "messages"),
    "messages are text": (a_frame(messages="hello"), "messages"),
    "too many messages": (a_frame(*(a_message(f"m{n}") for n in range(21))), "messages"),
    "same client_id twice": (a_frame(a_message(), a_message("m2"), a_message()), "messages: client_id"),
    "message is no object": (a_frame(a_message(), "hello"), "messages.1"),
    "no client_id": (a_frame({"content": text("x")}), "messages.0.client_id"),
    "client_id of wrong characters": (a_frame(a_message("a b")), "messages.0.client_id"),
    "reply to nothing": (a_frame(a_message(reply_to=0)), "messages.0.reply_to"),
    "reply_to is text": (a_frame(a_message(reply_to="2")), "messages.0.reply_to"),
    "mentions are text": (a_frame(a_message(mentions="ann")), "messages.0.mentions"),
    "a mention is a number": (a_frame(a_message(mentions=["ann", 5])), "messages.0.mentions.1"),
    "too many mentions": (a_frame(a_message(mentions=["ann"] * (MAX_MENTIONS + 1))), "messages.0.mentions"),
    "no content": (a_frame({"client_id": "m1"}), "messages.0.content"),
    "content is text": (a_frame(a_message(content="x")), "messages.0.content"),
    "content of no type": (with_content(text="x"), "messages.0.content.type"),
    "content of unknown type": (with_content(type="smell"), "messages.0.content.type"),
    "no text": (with_content(type="text"), "messages.0.content.text.text"),
    "empty text": (with_content(**text("")), "messages.0.content.text.text"),
    "only white space": (with_content(**text(" \n\t\u2003")), "messages.0.content.text.text"),
    "control character": (with_content(**text("a\bb")), "messages.0.content.text.text"),
    "carriage return": (with_content(**text("a\r\nb")), "messages.0.content.text.text"),
    "text too long": (with_content(**text("x" * 8001)), "messages.0.content.text.text"),
    "attachment of no id": (with_content(type="attachment", text="x"), "messages.0.content.attachment.attachment_id"),
    "empty caption": (
        with_content(type="attachment", attachment_id="a", text=""),
        "messages.0.content.attachment.text",
    ),
    "sealed without a scheme": (with_content(type="sealed", ciphertext="AAAA"), "messages.0.content.sealed.scheme"),
    "no ciphertext": (with_content(type="sealed", scheme="s"), "messages.0.content.sealed.ciphertext"),
    "empty ciphertext": (
        with_content(type="sealed", scheme="s", ciphertext=""),
        "messages.0.content.sealed.ciphertext",
    ),
    "base64 without its padding": (
        with_content(type="sealed", scheme="s", ciphertext="AAA"),
        "messages.0.content.sealed.ciphertext",
    ),
    "base64 for URLs": (
        with_content(type="sealed", scheme="s", ciphertext="AA-_"),
        "messages.0.content.sealed.ciphertext",
    ),
    "header is no base64": (
        with_content(type="sealed", scheme="s", ciphertext="AAAA", header="*"),
        "messages.0.content.sealed.header",
    ),
}

CONTENTS = {
    "one character": text("x"),
    "longest text": text("ß" * 8000),
    "lengths are code points": text("\U0001f600" * 6000),
    "newline and tab": text("a\n\tb"),
    "scripts": text("Grüße, 世界! \U0001f469\u200d\U0001f680 e\u0301 \u200f\u05e9"),
    "attachment": {"type": "attachment", "attachment_id": "a-1"},
    "attachment with caption": {"type": "attachment", "attachment_id": "a-1", "text": "look"},
    "sealed": {"type": "sealed", "scheme": "x3dh", "ciphertext": "3q2+7w==", "header": "AA=="},
}


WRONG_AMENDMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "no conversation": (an_amendment("delete", conversation_id=None), "conversation_id"),
    "no client_id": (an_amendment("edit", client_id=None, content=text("x")), "client_id"),
    "no target": (an_amendment("delete", target_seq=None), "target_seq"),
    "target is nothing": (an_amendment("delete", target_seq=0), "target_seq"),
    "target is text": (an_amendment("react", target_seq="2", reaction="+"), "target_seq"),
    "no content": (an_amendment("edit"), "content"),
    "empty text": (an_amendment("edit", content=text("")), "content.text.text"),
    "no reaction": (an_amendment("react"), "reaction"),
    "empty reaction": (an_amendment("react", reaction=""), "reaction"),
    "reaction too long": (an_amendment("react", reaction="x" * 33), "reaction"),
    "reaction of control characters": (an_amendment("react", reaction="a\nb"), "reaction"),
    "remove is text": (an_amendment("react", reaction="+", remove="yes"), "remove"),
}


class TestAmendments:
    @pytest.mark.parametrize(("frame", "field"), WRONG_AMENDMENTS.values(), ids=WRONG_AMENDMENTS.keys())
    def test_a_wrong_field_is_named(self, frame: dict[str, Any], field: str) -> None:
        with pytest.raises(BadRequest) as refusal:
            parse(COMMAND_FRAMES[frame["action"]], frame)
        assert refusal.value.detail.startswith(f"{field}: ")

    @pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
    def test_an_edits_content_is_taken_as_it_was_sent(self, content: dict[str, Any]) -> None:
        frame = parse(EditFrame, an_amendment("edit", content=content))
        assert [item.payload() for item in frame.command(PHONE).items] == [{"target_seq": 2, "content": content}]

    @pytest.mark.parametrize("reaction", ["+", "x" * 32, "\U0001f469\u200d\U0001f680", "\U0001f600" * 32])
    def test_a_reaction_is_counted_in_code_points(self, reaction: str) -> None:
        frame = parse(ReactFrame, an_amendment("react", reaction=reaction))
        assert frame.command(PHONE) == a_command(a_reaction("c1", 2, reaction), origin=PHONE)

    @pytest.mark.parametrize(("surplus", "fits"), [(0, True), (1, False)])
    def test_an_edits_content_is_at_most_24_kb(self, surplus: int, *, fits: bool) -> None:
        frame = parse(EditFrame, an_amendment("edit", content=at_the_limit(surplus)))
        if fits:
            assert len(frame.command(PHONE).items) == 1
        else:
            with pytest.raises(TooLarge, match=r"^content: "):
                frame.command(PHONE)


class TestSendFrame:
    @pytest.mark.parametrize(("frame", "field"), MALFORMED.values(), ids=MALFORMED.keys())
    def test_a_wrong_field_is_named(self, frame: dict[str, Any], field: str) -> None:
        with pytest.raises(BadRequest) as refusal:
            parsed(frame)
        assert refusal.value.detail.startswith(f"{field}: ")

    @pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
    def test_content_is_taken_as_it_was_sent(self, content: dict[str, Any]) -> None:
        (item,) = parsed(a_frame(a_message(content=content))).command(PHONE).items
        assert item.payload() == {"content": content}

    def test_it_becomes_a_command_of_its_sender(self) -> None:
        mentions = [f"user-{n}" for n in range(MAX_MENTIONS)]
        first, second = a_message("m1", font="bold"), a_message("m2", reply_to=2, mentions=mentions)
        command = parsed(a_frame(first, second, colour="red")).command(PHONE)
        posts = a_post("m1"), a_post("m2", reply_to=2, mentions=tuple(map(UserId, mentions)))
        assert command == a_command(*posts, origin=PHONE)

    @pytest.mark.parametrize(("surplus", "fits"), [(0, True), (1, False)])
    def test_content_is_at_most_24_kb(self, surplus: int, *, fits: bool) -> None:
        """Few characters can be many bytes."""
        frame = parsed(a_frame(a_message(), a_message("m2", content=at_the_limit(surplus))))
        if fits:
            assert len(frame.command(PHONE).items) == 2
        else:
            with pytest.raises(TooLarge, match=r"^messages\.1\.content: "):
                frame.command(PHONE)


class TestAnswers:
    def test_an_ack_names_every_message(self) -> None:
        ack = AckFrame.of(a_command(a_post("m1"), a_post("m2")), at=NOON, id="q")
        assert json.loads(ack.to_json()) == {
            "type": "ack",
            "id": "q",
            "conversation_id": LOBBY,
            "accepted": [{"client_id": "m1", "at": NOON}, {"client_id": "m2", "at": NOON}],
        }

    def test_what_is_not_so_is_left_out(self) -> None:
        assert json.loads(PongFrame(id="q", at=NOON).to_json()) == {"type": "pong", "id": "q", "at": NOON}
        assert "id" not in json.loads(AckFrame.of(a_command(a_post("m1")), at=NOON, id=None).to_json())


class TestErrorFrame:
    @pytest.mark.parametrize(
        ("frame", "recognised"),
        [
            (a_frame(a_message("m1"), a_message("m2"), id="q"), ("q", LOBBY, ("m1", "m2"))),
            ({"action": "delete", "conversation_id": "c", "client_id": "m1"}, (None, "c", ("m1",))),
            (a_frame("x", {"client_id": 5}, {}, a_message("m4"), id=5, conversation_id=[]), (None, None, ("m4",))),
            ({"id": "q", "messages": "m1"}, ("q", None, None)),
            ({"messages": [["m1"]]}, (None, None, None)),
            ({}, (None, None, None)),
            (None, (None, None, None)),
            ([a_frame()], (None, None, None)),
            ("q", (None, None, None)),
        ],
    )
    def test_what_can_be_recognised_of_a_frame_comes_back(self, frame: Any, recognised: tuple[Any, ...]) -> None:
        answer = ErrorFrame.of(NotMember(), frame)
        assert (answer.code, answer.detail) == ("not_member", "not a member of this conversation")
        assert (answer.id, answer.conversation_id, answer.client_ids) == recognised

    def test_says_when_to_come_again(self) -> None:
        assert ErrorFrame.of(RateLimited(retry_after_ms=250), {}).retry_after_ms == 250

    @pytest.mark.parametrize("size", [1, 32_000])
    def test_the_answer_to_a_frame_of_any_size_is_a_frame(self, size: int) -> None:
        count = 32_000 // (size + 17)
        frame = a_frame(*({"client_id": "x" * size} for _ in range(max(1, count))), id="i" * 700)
        assert len(ErrorFrame.of(NotMember(), frame).to_json()) <= FRAME_LIMIT_BYTES


def shown(frames: Sequence[bytes]) -> list[dict[str, Any]]:
    return [json.loads(frame) for frame in frames]


def events_frames(*events: Event) -> list[bytes]:
    return [each.frame for each in JsonFrames().events(LOBBY, events)]


def of_size(seq: int, size: int) -> Event:
    return an_event(seq, payload={"content": text("x" * size)})


class TestJsonFrames:
    def test_one_event_is_one_frame(self) -> None:
        event = an_event(3, payload={"content": text("hello"), "reply_to": 2})
        assert shown(events_frames(event)) == [
            {
                "type": "events",
                "conversation_id": LOBBY,
                "events": [
                    {
                        "seq": 3,
                        "type": "message",
                        "at": NOON + 3,
                        "sender_id": ANN,
                        "client_id": "m3",
                        "content": text("hello"),
                        "reply_to": 2,
                    }
                ],
            }
        ]

    def test_an_event_of_the_service_has_no_client_id(self) -> None:
        (frame,) = shown(events_frames(an_event(1, client_id=None)))
        assert "client_id" not in frame["events"][0]

    @given(st.lists(st.integers(1, 20_000), min_size=1, max_size=30))
    def test_long_lists_are_split_and_nothing_is_dropped(self, sizes: list[int]) -> None:
        events = [of_size(seq, size) for seq, size in enumerate(sizes, start=7)]
        made = JsonFrames().events(LOBBY, events)
        frames = [each.frame for each in made]
        assert all(len(frame) <= FRAME_LIMIT_BYTES for frame in frames)
        assert [event["seq"] for frame in shown(frames) for event in frame["events"]] == [each.seq for each in events]
        assert [[event["seq"] for event in frame["events"]] for frame in shown(frames)] == [
            list(each.seqs) for each in made
        ]
        assert all(frame["events"] and frame["conversation_id"] == LOBBY for frame in shown(frames))

    def test_what_fits_into_one_frame_is_one(self) -> None:
        assert len(events_frames(*(of_size(seq, 3_000) for seq in range(1, 11)))) == 1

    def test_the_largest_message_fits_into_a_frame(self) -> None:
        bare = len(json.dumps(text(""), separators=(",", ":")))
        payload = {
            "content": text("x" * (CONTENT_LIMIT_BYTES - bare)),
            "reply_to": 2**53 - 1,
            "mentions": [LONGEST_ID] * MAX_MENTIONS,
        }
        event = an_event(2**53 - 1, sender=UserId(LONGEST_ID), client_id=LONGEST_ID, payload=payload)
        (made,) = JsonFrames().events(ConversationId(LONGEST_ID), [event])
        assert len(made.frame) <= FRAME_LIMIT_BYTES

    def test_text_is_utf_8_and_never_ascii_escaped(self) -> None:
        (frame,) = events_frames(an_event(1, payload={"content": text("grüße \U0001f98a")}))
        assert "grüße \U0001f98a" in frame.decode()

    @pytest.mark.parametrize("code", REFUSALS)
    def test_a_refusal_is_an_error_with_its_client_ids(self, code: str) -> None:
        frame = json.loads(JsonFrames().refusal(LOBBY, code, [ClientId("m1")]))
        assert frame == {
            "type": "error",
            "code": code,
            "detail": REFUSALS[code],
            "conversation_id": LOBBY,
            "client_ids": ["m1"],
        }
