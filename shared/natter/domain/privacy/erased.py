"""
What is left of the words of somebody who is erased.

Pure. Readers are shown it from the moment on that the erasure is asked for; the tables hold no more when it is done.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from natter.domain.attachments import attachment_of
from natter.domain.fold.writes import EmptiedRow, ForgottenFileRow, Row
from natter.domain.ids import UserId
from natter.domain.messages.events import Event, Head, JsonObject


def without(erasing: Mapping[UserId, int], event: Event) -> Event:
    """`event` as it is shown while those of `erasing` are being erased, each since a time (ms)."""
    at = erasing.get(event.sender_id)
    left = None if at is None else _left(event, at)
    return event if left is None else replace(event, payload=left)


def preview_without(erasing: Mapping[UserId, int], head: Head) -> Head:
    return head if head.preview is None else replace(head, preview=without(erasing, head.preview))


def emptied(event: Event, *, at: int, written_at: int) -> Iterable[Row]:
    """What takes the words of `event`, and the file that it names, out of the tables: nothing, if it has none."""
    left = _left(event, at)
    file = attachment_of(event)
    if file is not None:
        yield ForgottenFileRow(
            conversation_id=event.conversation_id,
            attachment_id=file,
            seq=event.payload.get("target_seq", event.seq),
            written_at=written_at,
        )
    if left is not None:
        yield EmptiedRow(conversation_id=event.conversation_id, seq=event.seq, left=left, written_at=written_at)


def _left(event: Event, at: int) -> JsonObject | None:
    """The payload without words; None if there are none in it."""
    if event.type == "message" and "deleted_at" not in event.payload:
        return {"deleted_at": at}
    if event.type == "edit" and "content" in event.payload:
        return {"target_seq": event.payload["target_seq"]}
    return None
