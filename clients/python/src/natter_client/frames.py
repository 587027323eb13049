"""
What the core takes for granted of a frame or an answer, looked at before anything is done because of it: a step that
fails half-way is the end of a client, and no server, proxy or portal may bring that about.
"""

from collections.abc import Callable, Mapping
from typing import Any

type Test = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_true(value: Any) -> bool:
    return isinstance(value, bool)


def _all(test: Test) -> Test:
    return lambda value: isinstance(value, list) and all(test(each) for each in value)


def _has(may: Mapping[str, Test] | None = None, /, **must: Test) -> Test:
    """An object with these, and with those of `may` right if they are there."""
    optional = may or {}

    def test(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        named = all(name in value and of(value[name]) for name, of in must.items())
        return named and all(of(value[name]) for name, of in optional.items() if name in value)

    return test


_REACTION = _has(reaction=_is_text, count=_is_number, mine=_is_true, user_ids=_all(_is_text))
_OF_TYPE: Mapping[str, Test] = {
    "message": _has({"content": _has({"text": _is_text}), "mentions": _all(_is_text), "reactions": _all(_REACTION)}),
    "edit": _has({"content": _has({"text": _is_text})}, target_seq=_is_number),
    "delete": _has(target_seq=_is_number),
    "reaction": _has(target_seq=_is_number, reaction=_is_text),
    "member_added": _has(members=_all(_has(user_id=_is_text))),
    "member_removed": _has(user_id=_is_text),
    "member_erased": _has(user_id=_is_text),
}
_ANY_EVENT = _has({"client_id": _is_text}, seq=_is_number, type=_is_text, at=_is_number, sender_id=_is_text)


def _is_event(value: Any) -> bool:
    return _ANY_EVENT(value) and _OF_TYPE.get(value["type"], _is_any)(value)


def _is_any(_: Any) -> bool:
    return True


_SETTINGS = {"muted_until": _is_number, "archived": _is_true, "notify": _is_text}
_MOVED = _has({"read_seq": _is_number, "delivered_seq": _is_number}, user_id=_is_text)
_ERROR = {"id": _is_text, "retry_after_ms": _is_number, "client_ids": _all(_is_text), "detail": _is_text}
_FRAMES: Mapping[str, Test] = {
    "ack": _has({"id": _is_text}, conversation_id=_is_text, accepted=_all(_has(client_id=_is_text))),
    "ok": _has({"id": _is_text}),
    "error": _has(_ERROR, code=_is_text),
    "events": _has(conversation_id=_is_text, events=_all(_is_event)),
    "receipt": _has(conversation_id=_is_text, receipts=_all(_MOVED)),
    "typing": _has(conversation_id=_is_text, user_id=_is_text, state=_is_text),
    "presence": _has(users=_all(_has(user_id=_is_text, state=_is_text))),
    "settings": _has(_SETTINGS, conversation_id=_is_text),
}
_SEQS = dict.fromkeys(("first_seq", "head_seq", "state_seq", "read_seq", "unread"), _is_number)
_SYNCED = _has(_SETTINGS, conversation_id=_is_text, events=_all(_is_event), limited=_is_true, **_SEQS)
_REMOVED = _has(conversation_id=_is_text, removed=_is_true)
_PAGE = dict.fromkeys(("first_seq", "head_seq", "state_seq"), _is_number)


def _is_form(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_entry(value: Any) -> bool:
    return (_REMOVED if isinstance(value, dict) and value.get("removed") else _SYNCED)(value)


_ANSWERS: Mapping[str, Test] = {
    "ticket": _has(url=_is_text),
    "sync": _has({"next_cursor": _is_text}, conversations=_all(_is_entry)),
    "page": _has(events=_all(_is_event), has_more=_is_true, **_PAGE),
    "upload": _has(attachment_id=_is_text, upload=_has(url=_is_text, fields=_is_form)),
    "link": _has(url=_is_text, name=_is_text, content_type=_is_text, size=_is_number),
    "tokens": _has(access_token=_is_text, refresh_token=_is_text, expires_in=_is_number),
}


def readable(frame: Any) -> dict[str, Any] | None:
    """A frame without what is null in it; None: it is none."""
    if not isinstance(frame, dict):
        return None
    given = _without_nulls(frame)
    kind = given.get("type", "")
    return given if _is_text(kind) and _FRAMES.get(kind, _is_any)(given) else None


def readable_answer(kind: str, answer: Any) -> Any:
    """An answer without what is null in it and in its conversations; None: it is none of its kind."""
    if not isinstance(answer, dict):
        return None
    given = _without_nulls(answer)
    if isinstance(entries := given.get("conversations"), list):
        given["conversations"] = [_without_nulls(each) if isinstance(each, dict) else each for each in entries]
    return given if _ANSWERS[kind](given) else None


def _without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
