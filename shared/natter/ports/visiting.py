"""
Ports to a deployment as its users reach it, from outside: by its public URLs, each thing tried once.

Every call ends by its `deadline`, seconds of the monotonic clock, and raises `Failure` if what was promised did not
come, or not in time.
"""

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.visiting import Person


class Failure(Exception):
    """Says what came instead, in words that may stand in a log: no names, no texts, no tokens."""


class Line(Protocol):
    """A visitor's connection."""

    def send(self, conversation: ConversationId, client_id: ClientId, words: str, *, deadline: float) -> None:
        """Say something; it is acknowledged."""

    def receive(self, conversation: ConversationId, client_id: ClientId, *, deadline: float) -> int:
        """Wait until a message is shown; its place."""

    def read(self, conversation: ConversationId, seq: int, *, deadline: float) -> None:
        """Say that everything up to `seq` is read."""

    def see_read(self, conversation: ConversationId, by: UserId, seq: int, *, deadline: float) -> None:
        """Wait until it is shown that somebody has read everything up to `seq`."""

    def close(self) -> None:
        """It takes a second at most, and fails never."""


class Visitor(Protocol):
    """Somebody who is signed in."""

    @property
    def user_id(self) -> UserId: ...

    def meet(self, other: UserId, *, deadline: float) -> tuple[ConversationId, bool]:
        """The conversation of the two, and whether it was made now."""

    def be_left_alone(self, *, deadline: float) -> None:
        """Nobody but contacts can begin a conversation with this one; those that there are go on."""

    def register(self, subscription: str, *, deadline: float) -> None:
        """Have the device woken at a subscription of a browser, as browsers write it."""

    def connect(self, *, deadline: float) -> Line:
        """Open a connection, and be answered on it."""

    def sync(self, conversation: ConversationId, *, deadline: float) -> Collection[ClientId]:
        """The newest messages there, as a device is told that has nothing."""

    def leave(self, *, deadline: float) -> None:
        """Sign out."""

    def vanish(self, password: str, *, deadline: float) -> None:
        """Have the account erased."""


class Deployment(Protocol):
    def sign_up(self, person: Person, *, deadline: float) -> None:
        """Make this user; no failure if they are there."""

    def sign_in(self, person: Person, *, deadline: float) -> Visitor | None:
        """None: there is nobody of this name and password."""

    def web_key(self, *, deadline: float) -> str:
        """The key that browsers subscribe with."""


class Subscribed(Protocol):
    """A subscription of a browser, made for one push."""

    @property
    def token(self) -> str:
        """As browsers write it (JSON)."""

    def arrive(self, *, deadline: float) -> None:
        """Wait for the push."""


class Sink(Protocol):
    """A push service that can be asked whether a push has arrived."""

    def subscribe(self, web_key: str, *, deadline: float) -> Subscribed: ...


class OpenDeployment(Protocol):
    def __call__(self) -> AbstractContextManager[Deployment]:
        """A way there that nobody has used before; leaving it closes its connections."""
