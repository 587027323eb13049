"""The SDK's client for as long as the app runs, and what the terminal asks of the server beside it."""

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import natter_client
from natter_client import ClientEvent, NatterError, SignedOut

DEVICE = "natter chat"
PAGE = 200


class Live:
    def __init__(self, path: Path, tell: Callable[[ClientEvent], None]) -> None:
        """`tell` is called for everything that happens, in order."""
        self._path, self._tell = path, tell
        self.client: natter_client.Client | None = None

    async def run(self, url: str, *, username: str | None, password: str | None, begun: Callable[[], None]) -> None:
        """
        Until it is cancelled. `begun` is called as soon as there is a session, with or without a connection.

        Raises:
            BadCredentials: wrong name or password.
            Unreachable: there is no session yet, and no network to begin one.
            SignedOut: there is no session, or it has ended.
            ValueError: the store is somebody else's, or of another deployment.
        """
        await asyncio.to_thread(importlib.import_module, "natter_client.client")  # the screen is there, and is used
        try:
            async with natter_client.Client(
                url, store=self._path, username=username, password=password, device=DEVICE
            ) as client:
                self.client = client
                events = client.events()
                begun()
                async for event in events:
                    self._tell(event)
        finally:
            self.client = None

    @property
    def is_leading(self) -> bool:
        """Whether this process has the connection: what it alone can do works."""
        return self.client is not None and self.client.is_leading

    async def changed(self, conversation_id: str) -> bool:
        """Wait until something about a conversation has changed; False: there is no session to know from."""
        if self.client is None:
            return False
        try:
            await self.client.watcher(conversation_id).wait()
        except SignedOut:
            return False
        return True

    # what the store does not have

    async def inbox(self) -> list[dict[str, Any]]:
        """
        All conversations with titles and peers.

        Raises:
            NatterError
        """
        return await self._pages("/v1/conversations")

    async def members(self, conversation_id: str) -> dict[str, str]:
        """
        Names by user id.

        Raises:
            NatterError
        """
        items = await self._pages(f"/v1/conversations/{quote(conversation_id, safe='')}/members")
        return {each["user_id"]: each["display_name"] for each in items}

    async def details(self, conversation_id: str) -> dict[str, Any]:
        """
        As in the inbox.

        Raises:
            NatterError
        """
        return dict(await self._get(f"/v1/conversations/{quote(conversation_id, safe='')}"))

    async def name_of(self, user_id: str) -> str | None:
        """What somebody calls themselves; None: nobody may know, or nobody answers."""
        try:
            profile = await self._get(f"/v1/users/{quote(user_id, safe='')}")
        except NatterError:
            return None
        return str(profile["display_name"])

    async def _pages(self, path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        query = f"?limit={PAGE}"
        while True:
            page = await self._get(path + query)
            items += page["items"]
            if not page.get("next_cursor"):
                return items
            query = f"?limit={PAGE}&cursor={quote(page['next_cursor'], safe='')}"

    async def _get(self, path: str) -> Any:
        if self.client is None:
            raise asyncio.CancelledError
        return await self.client.request("GET", path)
