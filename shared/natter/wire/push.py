"""
What devices are woken with, in the words of their platforms. A badge on its own shows nothing but the number.

Each is at most 4,096 bytes as it is sent; where it would be longer, the body is cut, and then the title.
"""

import json
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from natter.domain.push.wording import Badge, Push, collapse_id, cut

MAX_PAYLOAD = 4096
"""Bytes of JSON that APNs and FCM take, and of an encrypted body that every push service takes (RFC 8030, 7.2)."""

MAX_WEB_PUSH = 3993
"""Bytes that can be encrypted to that many (RFC 8291, 4): header 86, delimiter 1, tag 16."""

BADGE_TOPIC = "badge"
"""What a badge replaces is the badge before. Collapse ids of conversations are longer."""

type Wording = Callable[[str, str], dict[str, Any]]
"""The payload with this title and this body."""


def topic(push: Push | Badge) -> str:
    """The collapse id: of pushes with the same, the last one is left."""
    return BADGE_TOPIC if isinstance(push, Badge) else collapse_id(push.conversation_id)


def apns(push: Push | Badge) -> bytes:
    """
    The JSON that Apple takes. Both kinds are of the push type `alert`: one with `badge` alone changes the number on
    the app's icon without showing anything, which a `background` one may not.
    """
    if isinstance(push, Badge):
        return _json({"aps": {"badge": push.badge}})

    def wording(title: str, body: str) -> dict[str, Any]:
        aps = {
            "alert": {"title": title, "body": body},
            "badge": push.badge,
            "sound": "default",
            "thread-id": push.conversation_id,
            "mutable-content": 1,  # the app's extension may change it before it is shown
        }
        return {"aps": aps, **_data(push)}

    return _fitted(push, wording, MAX_PAYLOAD)


def fcm(push: Push | Badge) -> bytes:
    """
    The request that Google takes (HTTP v1), but for whom it is: `{"message": …}`.

    A badge is for the app alone, and of normal priority: of high ones that show nothing Android demotes an app's next.
    """
    if isinstance(push, Badge):
        android: dict[str, Any] = {"collapse_key": topic(push), "priority": "normal"}
        return _json({"message": {"data": {"badge": str(push.badge)}, "android": android}})

    def wording(title: str, body: str) -> dict[str, Any]:
        message = {
            "notification": {"title": title, "body": body},
            "data": {name: str(value) for name, value in _data(push).items()},
            "android": {
                "collapse_key": topic(push),  # of what waits for the device
                "priority": "high",
                "notification": {"tag": topic(push), "notification_count": push.badge},  # the tag: of what it shows
            },
        }
        return {"message": message}

    return _fitted(push, wording, MAX_PAYLOAD)


def web_push(push: Push | Badge) -> bytes:
    """The JSON that the app's service worker gets, before it is encrypted."""
    if isinstance(push, Badge):
        return _json({"badge": push.badge})

    def wording(title: str, body: str) -> dict[str, Any]:
        return {"title": title, "body": body, "badge": push.badge, "data": _data(push)}

    return _fitted(push, wording, MAX_WEB_PUSH)


def _data(push: Push) -> dict[str, Any]:
    return {"conversation_id": push.conversation_id, "seq": push.seq, "kind": push.kind}


def _fitted(push: Push, wording: Wording, limit: int) -> bytes:
    """At most `limit` bytes: with the longest body that fits; if none does, with the longest title."""
    whole = _json(wording(push.title, push.body))
    if len(whole) <= limit:
        return whole
    title = _longest(push.title, limit, lambda title: _json(wording(title, cut(push.body, 1))))
    body = _longest(push.body, limit, lambda body: _json(wording(title, body)))
    return _json(wording(title, body))


def _longest(text: str, limit: int, written: Callable[[str], bytes]) -> str:
    """The longest beginning of `text` that is written in `limit` bytes, all of it if that is."""
    if len(written(text)) <= limit:
        return text
    fitting = bisect_right(range(1, len(text)), limit, key=lambda length: len(written(cut(text, length))))
    return cut(text, max(fitting, 1))


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
