"""Ports to the archives of what is known of somebody, which they can ask for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from natter.domain.conversations import Event
from natter.domain.ids import ConversationId, UserId
from natter.domain.users import KnownDevice, Session, User
from natter.names import EXPORT_TIMEOUT_S
from natter.ports.conversations import ConversationRecord

RUN_MS = (EXPORT_TIMEOUT_S + 60) * 1000
"""After that, one that is not done has died."""

KEPT_MS = 24 * 3600 * 1000
"""How long an archive is there; only then another can be asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    export_id: str
    done: bool
    new: bool
    """It is to be started by who has asked."""


class Exports(Protocol):
    """
    Which archives were asked for. At most one of a user is made at a time. All methods raise `Unavailable` when the
    store does not answer in time; it may have been done all the same.
    """

    def ask(self, user: UserId, export_id: str, *, at: int) -> Export:
        """
        The export that there is; else, or if that has died or expired by `at` (ms), a new one of that id. Of several
        who ask at once, one gets the new one.
        """

    def drop(self, user: UserId, export_id: str) -> None:
        """It came to nothing: whoever asks next gets a new one. One of another id stays."""

    def begin(self, user: UserId, export_id: str) -> bool:
        """Whether it is to be made: once, and not if it is none any more."""

    def finish(self, user: UserId, export_id: str, *, at: int) -> bool:
        """Note that its archive is there; False, and nothing noted, if it is none any more."""

    def conversations(self, user: UserId) -> Sequence[ConversationId]:
        """All that the user is or was in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnData:
    """All that is known of somebody, for themselves. What may be much is read while it is written."""

    user: User
    devices: Iterable[KnownDevice]
    sessions: Iterable[Session]
    contacts: Iterable[User]
    blocks: Iterable[User]
    conversations: Iterable[ConversationRecord]
    """As they are a member of them now."""
    said: Iterable[tuple[ConversationId, Iterable[Event]]]
    """The events whose sender they are, of each conversation that they are or were in."""


class Archives(Protocol):
    """Files that nobody but their user is given a link to, removed after a day or two."""

    def store(self, user: UserId, export_id: str, data: OwnData) -> None:
        """
        Write it, in bounded memory; what was there of that id is replaced.

        Raises:
            Unavailable: it may be there.
        """

    def link(self, user: UserId, export_id: str) -> str:
        """
        A URL from which whoever has it may download it for five minutes.

        Raises:
            Unavailable: it could not be signed.
        """

    def erase(self, user: UserId) -> None:
        """
        Remove all of that user's. None is fine.

        Raises:
            Unavailable: some may be there.
        """


class Exporter(Protocol):
    def start(self, user: UserId, export_id: str) -> None:
        """
        Let the archive be made, elsewhere and later.

        Raises:
            Unavailable: it may have been started all the same.
        """
