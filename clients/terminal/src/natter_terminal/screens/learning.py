"""What the store does not know: titles, names, who is in it. Asked for when there is a connection, kept in the book."""

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual import work
from textual.screen import Screen

from natter_client import NatterError
from natter_terminal.widgets.composer import Composer

if TYPE_CHECKING:
    from natter_terminal.app import NatterApp

MOST_WATCHED = 100


class Learning(Screen[None]):
    conversation_id: str | None
    composer: Composer

    if TYPE_CHECKING:

        @property
        def natter(self) -> NatterApp: ...
        def open(self, conversation_id: str, seq: int | None = None) -> None: ...
        def _later(self, *names: str | None) -> None: ...

    @work(exclusive=True, group="learn")
    async def learn(self) -> None:
        """Titles of everything, names of those one talks with, and how they are."""
        natter = self.natter
        try:
            natter.book.keep(await natter.live.inbox())
        except NatterError:
            return  # with the next connection
        natter.inbox.read_all(natter.now())
        if natter.live.client is not None:
            natter.live.client.watch(*natter.inbox.peers(MOST_WATCHED))
        if self.conversation_id is None and (entries := natter.inbox.entries()):
            self.open(entries[0].conversation_id)
        self._later(self.conversation_id)

    @work(group="learn-one")
    async def learn_one(self, name: str) -> None:
        with contextlib.suppress(NatterError):  # with the next connection
            self.known(await self.natter.live.details(name))

    def known(self, view: Mapping[str, Any]) -> None:
        """A conversation as the protocol shows it: how the other one is is asked for from now on."""
        natter, name = self.natter, str(view["conversation_id"])
        natter.book.keep([view])
        natter.inbox.read(name, natter.now())
        if natter.live.client is not None:
            natter.live.client.watch(*natter.inbox.peers(MOST_WATCHED))
        self._later(name)

    @work(exclusive=True, group="learn-members")
    async def learn_members(self, name: str) -> None:
        natter = self.natter
        if natter.live.client is None:
            return
        with contextlib.suppress(NatterError):  # names and cursors stay as they are known
            natter.book.put_members(name, await natter.live.members(name))
            if natter.live.is_leading:
                await natter.live.client.conversation(name).refresh_cursors()
        if name == self.conversation_id:
            self.composer.names = list(natter.book.members(name).values())
            self._later(name)

    def meet(self, user_id: str) -> None:
        if not self.natter.book.knows(user_id) and user_id != self.natter.me:
            self.natter.book.meet({user_id: ""})
            self._ask_name(user_id)

    @work(group="meet")
    async def _ask_name(self, user_id: str) -> None:
        name = await self.natter.live.name_of(user_id)
        if name is not None:
            self.natter.book.meet({user_id: name})
            self._later(self.conversation_id)
