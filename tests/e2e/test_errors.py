"""
Every malformed frame and request gets the error of the protocol, and the connection lives on.

Only API Gateway itself closes: for a binary frame, and for one that is too large.
"""

import asyncio
import json
from typing import Any

import pytest

from tests.support.api import Api, fresh
from tests.support.socket import Frame, message, text

KB = 1024


def sending(conversation: str, **changes: Any) -> Frame:
    return {"action": "send", "id": "q", "conversation_id": conversation, "messages": [message("x", "m1")]} | changes


def with_message(**changes: Any) -> Frame:
    return sending("c", messages=[message("x", "m1") | changes])


NOT_UNDERSTOOD = {
    "no JSON": ("{", "bad_request", "JSON"),
    "nothing": ("", "bad_request", ""),
    "a list": ("[]", "bad_request", "object"),
    "a number": ("7", "bad_request", "object"),
    "null": ("null", "bad_request", "object"),
    "NaN": ('{"action": NaN}', "bad_request", "JSON"),
    "half a surrogate pair": ('{"action": "\\ud800"}', "bad_request", "JSON"),
    "too deep": ("[" * 5000, "bad_request", "JSON"),
    "no action": ("{}", "bad_request", "action"),
    "action is no text": ('{"action": 1}', "bad_request", "action"),
    "action of no name": ('{"action": ""}', "unknown_action", ""),
    "unknown action": ('{"action": "dance"}', "unknown_action", ""),
    "a route of the gateway": ('{"action": "$connect"}', "unknown_action", ""),
    "default route": ('{"action": "$default"}', "unknown_action", ""),
}

WRONG_FIELDS = {
    "no conversation": ({"action": "send", "messages": [message("x")]}, "conversation_id"),
    "conversation of wrong type": (sending("c", conversation_id=5), "conversation_id"),
    "conversation of wrong characters": (sending("a b"), "conversation_id"),
    "conversation too long": (sending("c" * 65), "conversation_id"),
    "id of wrong type": (sending("c", id=1), "id"),
    "no messages": ({"action": "send", "conversation_id": "c"}, "messages"),
    "empty messages": (sending("c", messages=[]), "messages"),
    "too many messages": (sending("c", messages=[message("x", f"m{n}") for n in range(21)]), "messages"),
    "messages of wrong type": (sending("c", messages={}), "messages"),
    "message is no object": (sending("c", messages=["x"]), "messages.0"),
    "same client_id twice": (sending("c", messages=[message("x", "m1"), message("y", "m1")]), "client_id"),
    "no client_id": (sending("c", messages=[{"content": text("x")}]), "client_id"),
    "client_id of wrong characters": (with_message(client_id="ä"), "client_id"),
    "client_id too long": (with_message(client_id="x" * 65), "client_id"),
    "no content": (sending("c", messages=[{"client_id": "m1"}]), "content"),
    "content of no type": (with_message(content={"text": "x"}), "content"),
    "content of unknown type": (with_message(content={"type": "smell"}), "content"),
    "empty text": (with_message(content=text("")), "text"),
    "only white space": (with_message(content=text(" \n\t ")), "text"),
    "control character": (with_message(content=text("a\u0007b")), "text"),
    "text too long": (with_message(content=text("x" * 8001)), "text"),
    "text of wrong type": (with_message(content={"type": "text", "text": 5}), "text"),
    "attachment without id": (with_message(content={"type": "attachment"}), "attachment_id"),
    "ciphertext is no base64": (
        with_message(content={"type": "sealed", "scheme": "s", "ciphertext": "*"}),
        "ciphertext",
    ),
    "reply to nothing": (with_message(reply_to=0), "reply_to"),
    "reply_to of wrong type": (with_message(reply_to="2"), "reply_to"),
    "mentions of wrong type": (with_message(mentions="alice"), "mentions"),
}


class TestFrames:
    @pytest.mark.parametrize(("frame", "code", "detail"), NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD.keys())
    async def test_what_is_not_understood_is_said(self, api: Api, frame: str, code: str, detail: str) -> None:
        phone = await (await api.sign_up()).connect()
        await phone.send(frame)
        error = await phone.until(lambda _: True)
        assert (error["type"], error["code"]) == ("error", code)
        assert detail in error["detail"]
        await phone.ping()

    @pytest.mark.parametrize(("frame", "field"), WRONG_FIELDS.values(), ids=WRONG_FIELDS.keys())
    async def test_wrong_field_is_named(self, api: Api, frame: Frame, field: str) -> None:
        phone = await (await api.sign_up()).connect()
        await phone.send(frame)
        error = await phone.until(lambda _: True)
        assert (error["type"], error["code"]) == ("error", "bad_request")
        assert field in error["detail"]
        await phone.ping()

    async def test_error_says_which_frame_it_answers(self, api: Api) -> None:
        """`id`, conversation and client_ids come back."""
        phone = await (await api.sign_up()).connect()
        await phone.send(sending("c", messages=[message("", "m1"), message("x", "m2")]))
        error = await phone.until(lambda _: True)
        assert (error["id"], error["conversation_id"], error["client_ids"]) == ("q", "c", ["m1", "m2"])

    async def test_a_frame_is_refused_as_a_whole(self, api: Api) -> None:
        alice, bob = await api.sign_up(), await api.sign_up()
        phone = await alice.connect()
        chat = await alice.direct(bob)
        answer = await phone.ask(sending(chat, messages=[message("good", "m1"), message("", "m2")]))
        assert answer["code"] == "bad_request"
        (client_id,) = await phone.say(chat, "after")
        assert (await phone.event(chat, client_id))["seq"] == 2

    async def test_an_attachment_that_was_not_uploaded_is_not_there(self, api: Api) -> None:
        alice, bob = await api.sign_up(), await api.sign_up()
        phone = await alice.connect()
        chat = await alice.direct(bob)
        content = {"type": "attachment", "attachment_id": "a-1", "text": "look"}
        answer = await phone.ask(sending(chat, messages=[message("x", "m1") | {"content": content}]))
        assert (answer["type"], answer["code"], answer["client_ids"]) == ("error", "not_found", ["m1"])

    async def test_unknown_fields_are_ignored(self, api: Api) -> None:
        alice, bob = await api.sign_up(), await api.sign_up()
        phone = await alice.connect()
        chat = await alice.direct(bob)
        answer = await phone.ask(sending(chat, colour="red", messages=[message("x", "m1") | {"font": "bold"}]))
        assert answer["type"] == "ack"
        assert {"font", "colour"}.isdisjoint(await phone.event(chat, "m1"))

    async def test_a_number_of_an_unknown_field_may_have_any_number_of_digits(self, api: Api) -> None:
        alice, bob = await api.sign_up(), await api.sign_up()
        phone = await alice.connect()
        frame = json.dumps(sending(await alice.direct(bob)))
        await phone.send(frame.replace("{", '{"colour": ' + "9" * 5000 + ", ", 1))
        assert (await phone.until(lambda frame: frame["type"] != "events"))["type"] == "ack"
        (await alice.call("PATCH", "/v1/users/me", '{"colour": ' + "9" * 5000 + "}")).expect(200)

    async def test_ping_without_an_id_is_not_answered(self, api: Api) -> None:
        phone = await (await api.sign_up()).connect()
        await phone.send({"action": "ping"})
        answer = await phone.ask({"action": "ping"})
        assert answer.keys() == {"type", "id", "at"}
        assert len(phone.frames) == 1


class TestSize:
    async def test_content_over_24_kb_is_too_large(self, api: Api) -> None:
        """Few characters can be many bytes."""
        alice, bob = await api.sign_up(), await api.sign_up()
        phone = await alice.connect()
        chat = await alice.direct(bob)
        answer = await phone.ask(sending(chat, messages=[message("\U0001f600" * 6200, "m1")]))
        assert (answer["code"], answer["client_ids"]) == ("too_large", ["m1"])
        await phone.say(chat, "\U0001f600" * 6100)

    async def test_message_over_32_kb_in_fragments_is_too_large(self, api: Api) -> None:
        phone = await (await api.sign_up()).connect()
        whole = json.dumps(sending("c", padding="x" * 40 * KB))
        await phone.send([whole[: 20 * KB], whole[20 * KB :]])
        error = await phone.until(lambda _: True)
        assert (error["type"], error["code"]) == ("error", "too_large")
        await phone.ping()

    async def test_message_of_32_kb_in_fragments_is_read(self, api: Api) -> None:
        alice, bob = await api.sign_up(), await api.sign_up()
        phone = await alice.connect()
        chat = await alice.direct(bob)
        bare = len(json.dumps(sending(chat, padding="")))
        whole = json.dumps(sending(chat, padding="x" * (32 * KB - bare)))
        await phone.send([whole[: 20 * KB], whole[20 * KB :]])
        assert (await phone.until(lambda frame: frame.get("id") == "q"))["type"] == "ack"

    async def test_frame_over_32_kb_closes(self, api: Api) -> None:
        phone = await (await api.sign_up()).connect()
        await phone.send(json.dumps(sending("c", padding="x" * 32 * KB)))
        assert await phone.closed() == 1009

    async def test_message_over_128_kb_closes(self, api: Api) -> None:
        phone = await (await api.sign_up()).connect()
        await phone.send(["x" * 30 * KB] * 5)
        assert await phone.closed() == 1009

    async def test_binary_frame_closes(self, api: Api) -> None:
        phone = await (await api.sign_up()).connect()
        await phone.send(b'{"action": "ping"}')
        assert await phone.closed() == 1003


class TestRateLimit:
    async def test_more_than_the_burst_is_told_when_to_come_again(self, api: Api) -> None:
        """60 at once, then 20 a second; what is refused is not in the conversation, and may go again."""
        alice, bob = await api.sign_up(), await api.sign_up()
        phone = await alice.connect()
        chat = await alice.direct(bob)
        frames = [sending(chat, messages=[message(f"{n}.{m}", f"m{n}-{m}") for m in range(20)]) for n in range(6)]
        answers = [await phone.ask(frame) for frame in frames]
        refused = [number for number, answer in enumerate(answers) if answer["type"] == "error"]
        assert refused
        assert refused[0] >= 3
        first = answers[refused[0]]
        assert (first["code"], first["client_ids"]) == (
            "rate_limited",
            [each["client_id"] for each in frames[refused[0]]["messages"]],
        )
        assert 0 < first["retry_after_ms"] <= 1000
        await asyncio.sleep(max(answers[number]["retry_after_ms"] for number in refused) / 1000)
        await phone.insist(frames[refused[0]], within_s=30)


REQUESTS: dict[str, tuple[str, str, Any, str]] = {
    "sign up: no JSON": ("POST", "/v1/users", "{", "JSON"),
    "sign up: a list": ("POST", "/v1/users", [], ""),
    "sign up: nothing": ("POST", "/v1/users", None, ""),
    "sign up: short name": ("POST", "/v1/users", {"username": "ab", "password": "x" * 10}, "username"),
    "sign up: capital letters": ("POST", "/v1/users", {"username": "Alice", "password": "x" * 10}, "username"),
    "sign up: line break": ("POST", "/v1/users", {"username": "alice\n", "password": "x" * 10}, "username"),
    "sign up: short password": ("POST", "/v1/users", {"username": "alice.b", "password": "x" * 9}, "password"),
    "sign up: long password": ("POST", "/v1/users", {"username": "alice.b", "password": "x" * 129}, "password"),
    "sign up: empty display name": (
        "POST",
        "/v1/users",
        {"username": "alice.b", "password": "x" * 10, "display_name": " "},
        "display_name",
    ),
    "sign in: no password": ("POST", "/v1/sessions", {"username": "alice"}, "password"),
    "sign in: unknown platform": (
        "POST",
        "/v1/sessions",
        {"username": "alice", "password": "x", "device": {"platform": "toaster"}},
        "platform",
    ),
    "refresh: no token": ("POST", "/v1/sessions/refresh", {}, "refresh_token"),
    "find: no name": ("GET", "/v1/users", None, "username"),
    "create: no kind": ("POST", "/v1/conversations", {"members": []}, "kind"),
    "create: unknown kind": ("POST", "/v1/conversations", {"kind": "triangle", "members": []}, ""),
    "direct: nobody": ("POST", "/v1/conversations", {"kind": "direct", "members": []}, "members"),
    "direct: two": ("POST", "/v1/conversations", {"kind": "direct", "members": ["a", "b"]}, "members"),
    "group: no title": ("POST", "/v1/conversations", {"kind": "group", "members": []}, "title"),
    "group: title too long": (
        "POST",
        "/v1/conversations",
        {"kind": "group", "members": [], "title": "x" * 101},
        "title",
    ),
    "group: too many": (
        "POST",
        "/v1/conversations",
        {"kind": "group", "title": "x", "members": [f"u{n}" for n in range(101)]},
        "members",
    ),
    "group: unknown history": (
        "POST",
        "/v1/conversations",
        {"kind": "group", "title": "x", "members": [], "history": "none"},
        "history",
    ),
    "group: id of wrong characters": (
        "POST",
        "/v1/conversations",
        {"kind": "group", "title": "x", "members": [], "conversation_id": "a/b"},
        "conversation_id",
    ),
    "sync: positions of wrong type": ("POST", "/v1/sync", {"positions": []}, "positions"),
    "sync: without positions": ("POST", "/v1/sync", {}, "positions"),
    "sync: without read_seq": ("POST", "/v1/sync", {"positions": {"c": {"seq": 0}}}, "positions.c.read_seq"),
    "sync: negative seq": ("POST", "/v1/sync", {"positions": {"c": {"seq": -1, "read_seq": 0}}}, "seq"),
    "inbox: limit with an underscore": ("GET", "/v1/conversations?limit=1_0", None, "limit"),
    "inbox: limit with a fraction": ("GET", "/v1/conversations?limit=5.0", None, "limit"),
    "inbox: limit with a line break": ("GET", "/v1/conversations?limit=5%0A", None, "limit"),
    "sync: limit with a fraction": ("POST", "/v1/sync", '{"positions": {}, "limit": 5.0}', "limit"),
    "sync: limit of 5,000 digits": ("POST", "/v1/sync", '{"positions": {}, "limit": %s}' % ("9" * 5000), "limit"),
    "sync: limit too high": ("POST", "/v1/sync", {"positions": {}, "limit": 201}, "limit"),
}


class TestRequests:
    @pytest.mark.parametrize(("method", "path", "body", "detail"), REQUESTS.values(), ids=REQUESTS.keys())
    async def test_wrong_field_is_named(self, api: Api, method: str, path: str, body: Any, detail: str) -> None:
        someone = await api.sign_up()
        reply = await someone.call(method, path, body)
        assert reply.refusal() == (400, "bad_request")
        assert detail in reply.body["detail"]

    @pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/tickets/x", "/v1/sync/x", "/v1/users/a%2Fb/c", "/"])
    async def test_there_is_nothing_at_other_paths(self, api: Api, path: str) -> None:
        reply = await (await api.sign_up()).call("GET", path)
        assert reply.status == 404

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("DELETE", "/v1/tickets", "POST"),
            ("POST", "/v1/users/me", "DELETE, GET, HEAD, PATCH"),
            ("PUT", "/v1/sync", "POST"),
            ("POST", "/v1/presence", "GET, HEAD"),
            ("POST", "/v1/health", "GET, HEAD"),
            ("HEAD", "/v1/reports", "POST"),
        ],
    )
    async def test_another_method_is_told_which_there_are(self, api: Api, method: str, path: str, allowed: str) -> None:
        reply = await (await api.sign_up()).call(method, path)
        assert (reply.status, reply.headers["Allow"]) == (405, allowed)
        assert reply.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("path", ["/v1/users/me", "/v1/%75sers%2Fme", "/v1/conversations?limit=0", "/v1/health"])
    async def test_head_is_answered_as_get_without_a_body(self, api: Api, path: str) -> None:
        someone = await api.sign_up()
        got, headed = await someone.call("GET", path), await someone.call("HEAD", path)
        assert got.status != 404
        assert (headed.status, headed.body) == (got.status, None)
        assert headed.headers.get("ETag") == got.headers.get("ETag")

    async def test_unknown_user_is_not_found(self, api: Api) -> None:
        someone = await api.sign_up()
        reply = await someone.call("GET", f"/v1/users/{fresh('nobody')}")
        assert reply.refusal() == (404, "not_found")

    async def test_too_many_requests_are_told_when_to_come_again(self, api: Api) -> None:
        """100 at once, then 20 a second: of so many some are refused where more than 30 a second are answered."""
        someone = await api.sign_up()
        replies = await asyncio.gather(*(someone.call("GET", "/v1/users/me") for _ in range(300)))
        (reply, *_) = [reply for reply in replies if reply.status != 200]
        assert reply.refusal() == (429, "rate_limited")
        assert reply.body["retry_after_ms"] > 0
        assert int(reply.headers["Retry-After"]) >= 1
        await asyncio.sleep(reply.body["retry_after_ms"] / 1000 + 0.1)
        (await someone.call("GET", "/v1/users/me")).expect(200)
