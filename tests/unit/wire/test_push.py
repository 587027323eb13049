"""Payloads of pushes, by schemas that are written from the platforms' documentation."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natter.domain.ids import ConversationId
from natter.domain.push.wording import Badge, Push, collapse_id
from natter.wire.push import MAX_PAYLOAD, MAX_WEB_PUSH, apns, fcm, topic, web_push

ID = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
KIND = {"enum": ["direct", "group"]}
BADGE = {"type": "integer", "minimum": 0, "maximum": 99}
SEQ = {"type": "integer", "minimum": 1}


def an_object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


# https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification
# (tables 1 and 2; custom keys stand beside `aps`). "Use 0 to remove the current badge."
APNS = an_object(
    aps=an_object(
        alert=an_object(title={"type": "string"}, body={"type": "string"}),
        badge=BADGE,
        sound={"const": "default"},
        **{"thread-id": ID, "mutable-content": {"const": 1}},
    ),
    conversation_id=ID,
    seq=SEQ,
    kind=KIND,
)
# Nothing but `badge`: with `content-available` it would be a background push, which may have neither alert, sound nor
# badge (https://developer.apple.com/documentation/usernotifications/pushing-background-updates-to-your-app).
APNS_BADGE = an_object(aps=an_object(badge=BADGE))

# https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages: `data` is a map of strings, whose keys are
# neither "from" nor "message_type" nor begin with "google." or "gcm."; `priority` is "normal" or "high".
COLLAPSE = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$"}
DIGITS = {"type": "string", "pattern": "^[0-9]+$"}
FCM = an_object(
    message=an_object(
        notification=an_object(title={"type": "string"}, body={"type": "string"}),
        data=an_object(conversation_id=ID, seq=DIGITS, kind=KIND, badge=DIGITS),
        android=an_object(
            collapse_key=COLLAPSE,
            priority={"const": "high"},
            notification=an_object(tag=COLLAPSE, notification_count=BADGE),
        ),
    )
)
FCM_BADGE = an_object(
    message=an_object(
        data=an_object(badge=DIGITS), android=an_object(collapse_key=COLLAPSE, priority={"const": "normal"})
    )
)

# Ours: the Push API hands a service worker the bytes as they are (https://www.w3.org/TR/push-api/#pushmessagedata-interface).
WEB_PUSH = an_object(
    title={"type": "string"},
    body={"type": "string"},
    badge=BADGE,
    data=an_object(conversation_id=ID, seq=SEQ, kind=KIND),
)
WEB_BADGE = an_object(badge=BADGE)


@dataclass(frozen=True)
class Platform:
    payload: Callable[[Push | Badge], bytes]
    push: dict[str, Any]
    badge: dict[str, Any]
    limit: int


PLATFORMS = {
    "apns": Platform(apns, APNS, APNS_BADGE, MAX_PAYLOAD),
    "fcm": Platform(fcm, FCM, FCM_BADGE, MAX_PAYLOAD),
    "webpush": Platform(web_push, WEB_PUSH, WEB_BADGE, MAX_WEB_PUSH),
}

ids = st.from_regex("[A-Za-z0-9_-]{1,64}", fullmatch=True).map(ConversationId)
long_texts = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=12), st.integers(1, 1500))
texts = st.text(max_size=200) | long_texts
pushes = st.builds(
    Push,
    conversation_id=ids,
    seq=st.integers(1, 2**53 - 1),
    kind=st.sampled_from(["direct", "group"]),
    title=texts,
    body=texts,
    badge=st.integers(0, 99),
)


def a_push(**changes: Any) -> Push:
    fair: dict[str, Any] = {"seq": 7, "kind": "group", "title": "Ann in Tea", "body": "Tea?", "badge": 3}
    return Push(conversation_id=ConversationId("c-1"), **fair | changes)


WIDEST = ["\U0010ffff", "\x00", '"', "ß", "\u202e"]


def width(character: str) -> int:
    """Bytes of it in JSON."""
    return len(json.dumps(character, ensure_ascii=False).encode()) - 2


def said(payload: bytes) -> tuple[str, str]:
    """Title and body, wherever they stand."""
    read = json.loads(payload)
    found = read.get("aps", {}).get("alert") or read.get("message", {}).get("notification") or read
    return found["title"], found["body"]


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
class TestEveryPayload:
    @settings(max_examples=50, deadline=None)
    @given(push=pushes)
    def test_is_as_the_platform_takes_it(self, platform: Platform, push: Push) -> None:
        written = platform.payload(push)
        assert len(written) <= platform.limit
        jsonschema.validate(json.loads(written), platform.push)
        title, body = said(written)
        for shown, whole in ((title, push.title), (body, push.body)):
            assert shown == whole or (shown.endswith("…") and whole.startswith(shown[:-1]))

    @pytest.mark.parametrize("badge", [0, 1, 99])
    def test_of_a_badge_shows_nothing_else(self, platform: Platform, badge: int) -> None:
        jsonschema.validate(json.loads(platform.payload(Badge(badge=badge))), platform.badge)

    @pytest.mark.parametrize("widest", WIDEST)
    def test_holds_as_much_of_the_body_as_fits(self, platform: Platform, widest: str) -> None:
        written = platform.payload(a_push(body=widest * 5000))
        assert platform.limit - width(widest) < len(written) <= platform.limit
        assert said(written)[0] == "Ann in Tea"

    @pytest.mark.parametrize("widest", WIDEST)
    def test_holds_as_much_of_the_title_as_fits_when_nothing_of_the_body_does(
        self, platform: Platform, widest: str
    ) -> None:
        written = platform.payload(a_push(title=widest * 5000, body="Tea at five?"))
        assert platform.limit - width(widest) < len(written) <= platform.limit
        assert said(written)[1].endswith("…")

    def test_that_fits_is_whole(self, platform: Platform) -> None:
        """The longest that people can make."""
        tea = "\U0001f375"
        push = a_push(title=tea * 64 + " in " + tea * 100, body=tea * 200)
        assert said(platform.payload(push)) == (push.title, push.body)


class TestTopics:
    def test_are_one_for_each_conversation_and_one_for_badges(self) -> None:
        assert topic(a_push(seq=1)) == topic(a_push(seq=2)) == collapse_id(ConversationId("c-1"))
        assert topic(Badge(badge=1)) == topic(Badge(badge=2)) == "badge"

    def test_are_what_fcm_collapses_by(self) -> None:
        android = json.loads(fcm(a_push()))["message"]["android"]
        assert android["collapse_key"] == android["notification"]["tag"] == topic(a_push())


def test_a_payload_is_not_escaped() -> None:
    assert b"\xf0\x9f\x8d\xb5" in apns(a_push(body="\U0001f375"))
