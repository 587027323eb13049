"""Browsers that are woken by Web Push through the push service of a local cloud; only they can read what comes."""

import base64
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.support.aes128gcm import Receiver
from tests.support.api import Reply, User

WITHIN_S = 30.0


@dataclass(frozen=True)
class Pushed:
    headers: Mapping[str, str]
    """Names in small letters."""
    at: int
    """When the push service took it (ms)."""
    shown: Any
    """The JSON, decrypted."""


@dataclass
class Browser:
    """One that has subscribed."""

    endpoint: str
    """Where it is woken."""
    receiver: Receiver
    _messages: str
    _http: aiohttp.ClientSession
    pushes: list[Pushed] = field(default_factory=list)
    """All that were fetched."""

    def token(self) -> str:
        keys = {"p256dh": text(self.receiver.public), "auth": text(self.receiver.auth)}
        return json.dumps({"endpoint": self.endpoint, "expirationTime": None, "keys": keys})

    async def register(self, person: User) -> Reply:
        body = {"provider": "webpush", "token": self.token()}
        return await person.call("PUT", f"/v1/devices/{person.device_id}/push", body)

    async def fetch(self, *, wait_s: float = 0.0) -> list[Pushed]:
        """What came since the last time, as soon as there is something."""
        found = await self._fetch(len(self.pushes), wait_s)
        pushes = [
            Pushed(each["headers"], each["at"], self.receiver.read_push(base64.b64decode(each["body"])))
            for each in found
        ]
        self.pushes += pushes
        return pushes

    async def sealed(self) -> AsyncIterator[bytes]:
        """What comes, as it comes, for a browser that has keys of its own."""
        number = 0
        while True:
            for each in await self._fetch(number, wait_s=10.0):
                number = each["number"]
                yield base64.b64decode(each["body"])

    async def until(self, holds: Callable[[list[Pushed]], bool], *, within_s: float = WITHIN_S) -> list[Pushed]:
        """All that came, once that `holds`."""
        end = time.monotonic() + within_s
        while not holds(self.pushes):
            assert time.monotonic() < end, f"only {self.pushes}"
            await self.fetch(wait_s=1.0)
        return self.pushes

    async def _fetch(self, after: int, wait_s: float) -> list[dict[str, Any]]:
        async with self._http.get(self._messages, params={"after": after, "wait": wait_s}) as response:
            assert response.status == 200, response
            return list(await response.json())

    async def unsubscribe(self) -> None:
        async with self._http.delete(self._messages) as response:
            assert response.status == 204, response


class Browsers:
    """Where they subscribe: the push service of a local cloud."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http

    async def subscribe(self, key: str) -> Browser:
        """A new one subscribes with the key of an application server."""
        async with self._http.post(f"{self._url}/subscriptions", json={"key": key}) as response:
            assert response.status == 201, response
            urls = await response.json()
        return Browser(urls["endpoint"], Receiver(), urls["messages"], self._http)


@asynccontextmanager
async def browsers(outputs: Mapping[str, str]) -> AsyncIterator[Browsers]:
    """Those of the cloud with these outputs."""
    tls = ssl.create_default_context(cafile=outputs["PushServiceCa"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as http:
        yield Browsers(outputs["PushService"], http)


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
