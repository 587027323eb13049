"""Identifiers: strings of at most 64 characters from `A-Z a-z 0-9 _ -`; those the server makes are UUIDv7."""

from typing import NewType

import uuid_utils

UserId = NewType("UserId", str)
DeviceId = NewType("DeviceId", str)
SessionId = NewType("SessionId", str)
ConnectionId = NewType("ConnectionId", str)
ConversationId = NewType("ConversationId", str)
ClientId = NewType("ClientId", str)
AttachmentId = NewType("AttachmentId", str)

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"


def new_id() -> str:
    """A fresh UUIDv7: unique, and later ones sort behind earlier ones (to the millisecond)."""
    return str(uuid_utils.uuid7())
