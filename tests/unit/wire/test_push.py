"""Payloads of pushes, by schemas that are written from the platforms' documentation (`tests.support.payloads`)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natter.domain.ids import ConversationId
from natter.domain.push.wording import Badge, Push, collapse_id
from natter.wire.push import MAX_PAYLOAD, MAX_WEB_PUSH, apns, fcm, topic, web_push
from tests.support.payloads import BADGES, PUSHES, check_topic


@dataclass(frozen=True)
class Platform:
    payload: Callable[[Push | Badge], bytes]
    push: dict[str, Any]
    badge: dict[str, Any]
    limit: int


PLATFORMS = {
    "apns": Platform(apns, PUSHES["apns"], BADGES["apns"], MAX_PAYLOAD),
    "fcm": Platform(fcm, PUSHES["fcm"], BADGES["fcm"], MAX_PAYLOAD),
    "webpush": Platform(web_push, PUSHES["webpush"], BADGES["webpush"], MAX_WEB_PUSH),
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
    @settings(max_examples=200, deadline=None)
    @given(one=ids, other=ids)
    def test_are_what_every_platform_takes_whatever_the_id(self, one: ConversationId, other: ConversationId) -> None:
        push = replace(a_push(), conversation_id=one)
        check_topic(topic(push))
        taken = json.loads(fcm(push))["message"]["android"]
        assert topic(push) == collapse_id(one) == taken["collapse_key"] == taken["notification"]["tag"]
        assert (collapse_id(one) == collapse_id(other)) == (one == other)
        assert collapse_id(one) != topic(Badge(badge=1))

    def test_are_one_for_each_conversation_and_one_for_badges(self) -> None:
        assert topic(a_push(seq=1)) == topic(a_push(seq=2)) == collapse_id(ConversationId("c-1"))
        assert topic(Badge(badge=1)) == topic(Badge(badge=2)) == "badge"


def test_a_payload_is_not_escaped() -> None:
    assert b"\xf0\x9f\x8d\xb5" in apns(a_push(body="\U0001f375"))
