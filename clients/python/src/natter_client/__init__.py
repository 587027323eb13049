"""
Natter for Python.

`Client` is the way in; `natter_client.sync` has it for scripts without asyncio, `natter_client.testing` a server for
your tests, `natter_client.bots` what bots need. Everything else is inside.
"""

import importlib
from typing import TYPE_CHECKING, Any

from natter_client.errors import (
    BadCredentials,
    BadRequest,
    BadToken,
    Conflict,
    FileRefused,
    Forbidden,
    Gone,
    Internal,
    LastOwner,
    MethodNotAllowed,
    NatterError,
    NotFound,
    NotMember,
    RateLimited,
    SignedOut,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnknownAction,
    UnknownError,
    Unreachable,
    UsernameTaken,
)
from natter_client.events import (
    Attachment,
    ClientEvent,
    ConversationLeft,
    CursorMoved,
    FileDetails,
    HistorySkipped,
    LogEvent,
    Message,
    MessageChanged,
    MessageReceived,
    OutboxChanged,
    PresenceChanged,
    Reaction,
    ReactionChanged,
    SettingsChanged,
    StateChanged,
    Synced,
    TypingChanged,
    UnreadChanged,
)
from natter_client.store import StoreTooNewError

if TYPE_CHECKING:
    from natter_client.client import Client, sign_up
    from natter_client.conversation import Conversation, Sent
else:
    _LATER = {
        "Client": "natter_client.client",
        "sign_up": "natter_client.client",
        "Conversation": "natter_client.conversation",
        "Sent": "natter_client.conversation",
    }

    def __getattr__(name: str) -> Any:
        """What needs HTTP and sockets, loaded when it is first wanted: who looks into a store needs neither."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_LATER[name]), name)


__all__ = [
    "Attachment",
    "BadCredentials",
    "BadRequest",
    "BadToken",
    "Client",
    "ClientEvent",
    "Conflict",
    "Conversation",
    "ConversationLeft",
    "CursorMoved",
    "FileDetails",
    "FileRefused",
    "Forbidden",
    "Gone",
    "HistorySkipped",
    "Internal",
    "LastOwner",
    "LogEvent",
    "Message",
    "MessageChanged",
    "MessageReceived",
    "MethodNotAllowed",
    "NatterError",
    "NotFound",
    "NotMember",
    "OutboxChanged",
    "PresenceChanged",
    "RateLimited",
    "Reaction",
    "ReactionChanged",
    "Sent",
    "SettingsChanged",
    "SignedOut",
    "StateChanged",
    "StoreTooNewError",
    "Synced",
    "TooLarge",
    "TypingChanged",
    "Unauthenticated",
    "Unavailable",
    "UnknownAction",
    "UnknownError",
    "Unreachable",
    "UnreadChanged",
    "UsernameTaken",
    "sign_up",
]
