"""Who takes part in a smoke test, and what they have made so far."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.support.api import Api, User
from tests.support.socket import Frame, NotSeenError, Socket

POLL_S = 0.2


@dataclass
class Scene:
    """Alice and Bob talk; Mallory has no part in it. Each check leaves here what later ones look at."""

    api: Api
    within_s: float
    """How long to wait for what should come at once."""
    users: dict[str, User] = field(default_factory=dict)
    """By name. All of them are erased in the end."""
    phone: Socket = field(init=False)
    """Alice's."""
    desk: Socket = field(init=False)
    """Bob's."""
    chat: str = field(init=False)
    """Between the two."""
    said: dict[str, str] = field(default_factory=dict)
    """What Alice has said there: client ids and texts, in order."""

    @property
    def alice(self) -> User:
        return self.users["alice"]

    @property
    def bob(self) -> User:
        return self.users["bob"]

    @property
    def mallory(self) -> User:
        return self.users["mallory"]

    async def open(self, user: User) -> Socket:
        """A socket at the address that the smoke test was given, by a fresh ticket."""
        ticket = (await user.ticket())["ticket"]
        return await self.api.open(f"{self.api.socket_url}?ticket={ticket}")

    async def seen(self, socket: Socket, wanted: Callable[[Frame], bool]) -> Frame:
        return await socket.until(wanted, within_s=self.within_s)

    async def eventually[Found](self, look: Callable[[], Awaitable[Found]], wanted: Callable[[Found], bool]) -> Found:
        """
        What `look` finds, as soon as it is `wanted`.

        Raises:
            NotSeenError: it is not in time.
        """
        deadline = time.monotonic() + self.within_s
        while not wanted(found := await look()):
            if time.monotonic() > deadline:
                raise NotSeenError(f"not within {self.within_s} s, it is {found}")
            await asyncio.sleep(POLL_S)
        return found
