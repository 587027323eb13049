"""What is to be done because of a step: by whoever has sockets, HTTP and a user."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request. `purpose` comes back with the answer (`Engine.answered`, `Engine.failed`)."""

    purpose: tuple[Any, ...]
    method: str
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Open:
    socket: int
    url: str


@dataclass(frozen=True, slots=True)
class Close:
    socket: int


@dataclass(frozen=True, slots=True)
class Transmit:
    socket: int
    frame: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a user of the client may want to know: an effect as it is, or one of the names below."""

    name: str
    fields: Mapping[str, Any]


type Action = Call | Open | Close | Transmit | Notice
