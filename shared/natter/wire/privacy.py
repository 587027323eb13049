"""The archive of what is known of somebody: a zip of JSON files, each an array, or an object."""

import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Annotated, Any

from pydantic import Field
from pydantic_core import to_json

from natter.domain.accounts.users import KnownDevice, Session
from natter.domain.attachments import attachment_of
from natter.domain.conversations.records import ConversationRecord
from natter.domain.ids import ConversationId
from natter.domain.messages.events import Event
from natter.domain.privacy.requests import OwnData
from natter.wire.accounts import ProfileAnswer, UserAnswer
from natter.wire.base import WireModel
from natter.wire.events import event_fields
from natter.wire.notifications import NotificationsAnswer


def write_archive(file: IO[bytes], data: OwnData) -> None:
    """
    What may be much is written while it is read: of one conversation at a time, only the names of files are kept.

    `profile.json`, `notifications.json`, `devices.json`, `sessions.json`, `contacts.json`, `blocks.json`,
    `conversations.json`; for each conversation that they have said something in, `conversations/ID/events.json` and, if
    they have shown files there, `conversations/ID/attachments.json`.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("profile.json", to_json(UserAnswer.of(data.user).model_dump(), indent=2))
        archive.writestr("notifications.json", NotificationsAnswer.of(data.notifications).to_json())
        _array(archive, "devices.json", map(_device, data.devices))
        _array(archive, "sessions.json", map(_session, data.sessions))
        _array(archive, "contacts.json", (ProfileAnswer.of(user).model_dump() for user in data.contacts))
        _array(archive, "blocks.json", (ProfileAnswer.of(user).model_dump() for user in data.blocks))
        _array(archive, "conversations.json", map(_conversation, data.conversations))
        for conversation, events in data.said:
            _said(archive, conversation, events)


def _said(archive: zipfile.ZipFile, conversation: ConversationId, events: Iterable[Event]) -> None:
    files: list[dict[str, Any]] = []

    def fields() -> Iterator[dict[str, Any]]:
        for event in events:
            attachment = attachment_of(event)
            if attachment is not None:
                files.append({"attachment_id": attachment, "seq": event.seq})
            yield event_fields(event)

    _array(archive, f"conversations/{conversation}/events.json", fields())
    if files:
        _array(archive, f"conversations/{conversation}/attachments.json", iter(files))


def _array(archive: zipfile.ZipFile, name: str, items: Iterator[dict[str, Any]]) -> None:
    with archive.open(name, "w", force_zip64=True) as entry:
        entry.write(b"[")
        for index, item in enumerate(items):
            entry.write(b",\n" if index else b"\n")
            entry.write(to_json(item))
        entry.write(b"\n]\n")


def _device(known: KnownDevice) -> dict[str, Any]:
    return {
        "device_id": known.device.device_id,
        "name": known.device.name,
        "platform": known.device.platform,
        "last_seen_at": known.last_seen_at,
        "push": known.push,
    }


def _session(session: Session) -> dict[str, Any]:
    return {
        "session_id": session.principal.session_id,
        "device_id": session.principal.device_id,
        "created_at": session.created_at,
        "refreshed_at": session.refreshed_at,
    }


def _conversation(record: ConversationRecord) -> dict[str, Any]:
    return {
        "conversation_id": record.conversation_id,
        "kind": record.kind,
        "title": record.title,
        "created_at": record.created_at,
        "created_by": record.created_by,
        "role": record.role,
        "peer": record.peer,
        "muted_until": record.muted_until,
        "archived": record.archived,
        "notify": record.notify,
    }


class ErasureBody(WireModel):
    password: Annotated[str, Field(max_length=1024, repr=False)]


class ProviderErasureBody(WireModel):
    """Where an identity provider signs people in."""

    id_token: Annotated[str, Field(max_length=16_384, repr=False)]


class ExportAnswer(WireModel):
    """Of one that is there, the answer's `Location` says where, or `url`, for whom a redirect is of no use."""

    retry_after_ms: int | None = None
    """It is being made."""
    url: Annotated[str | None, Field(repr=False)] = None
