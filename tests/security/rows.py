"""
What each operation of the documents is to answer to whom: an operation without a row fails the tests.

An expected answer is a status; a refusal, status and code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.security.scene import Ids
from tests.support.api import PASSWORD, fresh

type Refusal = tuple[int, str]
type Answered = int | Refusal

NOT_MEMBER: Refusal = (403, "not_member")
NOT_FOUND: Refusal = (404, "not_found")
SHA256 = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="


def nothing(_: Ids) -> None:
    """No body."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Ids are alice's; where somebody is blocked, the conversation is the one that they have with her."""

    body: Callable[[Ids], Any] = nothing
    query: Callable[[Ids], Mapping[str, str] | None] = nothing
    open: bool = False
    stranger: Answered | None = None
    """Also of who was removed. None: it is about nobody but who asks."""
    blocked: Answered | None = None
    """None: a block changes nothing."""
    in_own_group: bool = False
    """Who is blocked tries it in a group of their own."""


def people(ids: Ids) -> Any:
    return {"user_ids": [ids["user_id"]]}


def file(_: Ids) -> Any:
    return {"name": "a.png", "content_type": "image/png", "size": 4, "sha256": SHA256}


CONVERSATION = "/v1/conversations/{conversation_id}"

ROWS: Mapping[str, Row] = {
    "GET /.well-known/jwks.json": Row(open=True),
    "GET /v1/push/web-key": Row(open=True),
    "GET /v1/health": Row(open=True),
    "POST /v1/users": Row(open=True, body=lambda _: {"username": fresh("new"), "password": PASSWORD}),
    "POST /v1/sessions": Row(
        open=True,
        body=lambda _: {"username": fresh("nobody"), "password": "wrong", "device": {"device_id": "d", "name": "x"}},
    ),
    "POST /v1/sessions/refresh": Row(open=True, body=lambda _: {"refresh_token": "none"}),
    "GET /v1/sessions": Row(stranger=200),
    "DELETE /v1/sessions/{session_id}": Row(stranger=NOT_FOUND),
    "POST /v1/tickets": Row(stranger=201),
    "GET /v1/users/me": Row(stranger=200),
    "PATCH /v1/users/me": Row(body=lambda _: {"display_name": "Me", "avatar": "https://a.example/b"}, stranger=200),
    "GET /v1/users/me/notifications": Row(stranger=200),
    "PATCH /v1/users/me/notifications": Row(
        body=lambda _: {
            "previews": False,
            "mentions_pierce_mute": False,
            "quiet": {"from": "22:00", "to": "07:00", "time_zone": "Europe/Zurich"},
        },
        stranger=200,
    ),
    "PUT /v1/users/me/password": Row(
        body=lambda _: {"current": "not the password", "new": "not to be had"}, stranger=(401, "bad_credentials")
    ),
    "DELETE /v1/users/me": Row(body=lambda _: {"password": "not the password"}, stranger=(401, "bad_credentials")),
    "GET /v1/users/me/export": Row(stranger=202),
    "GET /v1/users": Row(query=lambda ids: {"username": ids["username"]}, stranger=200, blocked=200),
    "GET /v1/users/{user_id}": Row(stranger=200, blocked=NOT_FOUND),
    "GET /v1/contacts": Row(stranger=200, blocked=200),
    "PUT /v1/contacts/{user_id}": Row(stranger=204, blocked=NOT_FOUND),
    "DELETE /v1/contacts/{user_id}": Row(stranger=204, blocked=204),
    "GET /v1/blocks": Row(stranger=200, blocked=200),
    "PUT /v1/blocks/{user_id}": Row(),
    "DELETE /v1/blocks/{user_id}": Row(stranger=204, blocked=204),
    "GET /v1/devices": Row(stranger=200),
    "PUT /v1/devices/{device_id}/push": Row(body=lambda _: {"provider": "fcm", "token": "t"}, stranger=NOT_FOUND),
    "DELETE /v1/devices/{device_id}/push": Row(stranger=NOT_FOUND),
    "GET /v1/presence": Row(query=lambda ids: {"user_id": ids["user_id"]}, stranger=200, blocked=200),
    "POST /v1/conversations": Row(
        body=lambda ids: {"kind": "group", "title": "T", "members": [ids["user_id"]]}, blocked=NOT_FOUND
    ),
    "GET /v1/conversations": Row(stranger=200),
    f"GET {CONVERSATION}": Row(stranger=NOT_MEMBER, blocked=200),
    f"PATCH {CONVERSATION}": Row(
        body=lambda _: {"title": "T", "avatar": "https://a.example/b"},
        stranger=NOT_MEMBER,
        blocked=(403, "forbidden"),
    ),
    f"PATCH {CONVERSATION}/me": Row(
        body=lambda _: {"muted_until": 1, "archived": False, "notify": "mentions"}, stranger=NOT_MEMBER
    ),
    f"GET {CONVERSATION}/members": Row(stranger=NOT_MEMBER, blocked=200),
    f"POST {CONVERSATION}/members": Row(body=people, stranger=NOT_MEMBER, blocked=NOT_FOUND, in_own_group=True),
    f"PUT {CONVERSATION}/members/{{user_id}}": Row(
        body=lambda _: {"role": "member"}, stranger=NOT_MEMBER, blocked=NOT_FOUND, in_own_group=True
    ),
    f"DELETE {CONVERSATION}/members/{{user_id}}": Row(stranger=NOT_MEMBER, blocked=(403, "forbidden")),
    f"GET {CONVERSATION}/events": Row(query=lambda _: {"limit": "5"}, stranger=NOT_MEMBER, blocked=200),
    f"PUT {CONVERSATION}/read": Row(body=lambda _: {"seq": 1}, stranger=NOT_MEMBER, blocked=202),
    f"GET {CONVERSATION}/cursors": Row(stranger=NOT_MEMBER, blocked=200),
    f"POST {CONVERSATION}/attachments": Row(body=file, stranger=NOT_MEMBER, blocked=201),
    f"GET {CONVERSATION}/attachments/{{attachment_id}}": Row(stranger=NOT_MEMBER, blocked=NOT_FOUND),
    "POST /v1/sync": Row(
        body=lambda ids: {"positions": {ids["conversation_id"]: {"seq": 0, "read_seq": 0}}, "limit": 5}, stranger=200
    ),
    "POST /v1/reports": Row(
        body=lambda ids: {"conversation_id": ids["conversation_id"], "seq": 2, "reason": "spam"},
        stranger=NOT_MEMBER,
        blocked=202,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Action:
    """A frame, and the type or the error code that answers it."""

    frame: Callable[[Ids], Mapping[str, Any]]
    stranger: str = "not_member"
    blocked: str = "forbidden"


def amending(**fields: Any) -> Callable[[Ids], Mapping[str, Any]]:
    """What changes the message at 2."""
    return lambda ids: {
        "conversation_id": ids["conversation_id"],
        "client_id": fresh("c"),
        "target_seq": 2,
        **fields,
    }


def text(words: str) -> Mapping[str, Any]:
    return {"type": "text", "text": words}


ACTIONS: Mapping[str, Action] = {
    "send": Action(
        frame=lambda ids: {
            "conversation_id": ids["conversation_id"],
            "messages": [{"client_id": fresh("c"), "content": text("hi"), "mentions": [ids["user_id"]]}],
        }
    ),
    "edit": Action(frame=amending(content=text("not mine"))),
    "delete": Action(frame=amending()),
    "react": Action(frame=amending(reaction="+1")),
    "read": Action(frame=lambda ids: {"conversation_id": ids["conversation_id"], "seq": 1}, blocked="ok"),
    "delivered": Action(frame=lambda ids: {"conversation_id": ids["conversation_id"], "seq": 1}, blocked="ok"),
    "typing": Action(frame=lambda ids: {"conversation_id": ids["conversation_id"], "state": "started"}, blocked="ok"),
    "ping": Action(frame=lambda _: {}, stranger="pong", blocked="pong"),
    "watch": Action(frame=lambda ids: {"user_ids": [ids["user_id"]]}, stranger="presence", blocked="presence"),
    "status": Action(frame=lambda _: {"state": "online"}, stranger="ok", blocked="ok"),
}
