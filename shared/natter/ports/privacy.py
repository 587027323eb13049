"""Port to the erasures of accounts: what is still to be done of each."""

from collections.abc import Sequence
from typing import Protocol

from natter.domain.ids import ConversationId, UserId
from natter.domain.privacy.requests import Emptying, Erasure, Export, OwnData


class Erasures(Protocol):
    """
    Accounts that are gone, or about to be. All methods may be repeated, and raise `Unavailable` when the store does
    not answer in time: it may have been done all the same.
    """

    def request(self, user: UserId, *, at: int) -> None:
        """
        From now on there is no such user: they cannot sign in, are not found, and are called `DELETED_NAME` where they
        are still a member; in every conversation that they are or were in, readers are shown nothing that they have
        said. The username stays taken for ever. What else is known of them is to be forgotten and emptied.
        """

    def requested(self, user: UserId) -> bool: ...

    def unfinished(self, *, limit: int) -> Sequence[Erasure]:
        """At most `limit` that are not done, the longest waiting first."""

    def emptyings(self, user: UserId) -> Sequence[Emptying]:
        """
        Of all conversations that the user is or was in, those that are not emptied; also such as a request that was
        under way when the erasure was asked for has added since.
        """

    def note_emptied(self, user: UserId, conversation: ConversationId, *, to: int, done: bool) -> None:
        """Up to place `to` nothing is left that the user has said there; `done`: nothing at all."""

    def forget(self, user: UserId) -> None:
        """
        Delete their contacts, blocks, devices, sessions, settings and exports, and everybody's contacts and blocks of
        them. Of what they have reported, their words are deleted.
        """

    def finish(self, user: UserId, *, at: int) -> bool:
        """Forget once more, and note that it is done; False, and not done, while there is something to be emptied."""


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
