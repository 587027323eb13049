"""What was seen of a run, in the order in which it happened: all that the checker knows of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from natter.domain.commands import Record
from natter.domain.conversations import Event
from natter.domain.ids import ConversationId
from natter.ports.log import Emission
from natter.ports.sockets import Connection


@dataclass(frozen=True, slots=True)
class Appended:
    record: Record


@dataclass(frozen=True, slots=True)
class Stored:
    event: Event


@dataclass(frozen=True, slots=True)
class Posted:
    connection: Connection
    frame: bytes
    arrived: bool


@dataclass(frozen=True, slots=True)
class Synced:
    """The connection's client has all events up to these places."""

    connection: Connection
    places: Mapping[ConversationId, int]


@dataclass(frozen=True, slots=True)
class Emitted:
    emission: Emission


Observation = Appended | Stored | Posted | Synced | Emitted
Trace = list[Observation]
