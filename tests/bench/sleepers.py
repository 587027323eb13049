"""People who are away, each with a browser that is woken by Web Push: put into the database as they would get there."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from local.cloud import Cloud
from tests.bench.warm import patiently
from tests.support.api import Api
from tests.support.browsers import Browser, browsers
from tests.support.leftovers import database

AT_ONCE = 16
LOOK_S = 2.0

_PEOPLE = """
WITH people AS (SELECT unnest(%(ids)s::text[]) AS id),
named AS (
    INSERT INTO users (user_id, username, display_name, created_at) SELECT id, id, id, %(at)s::bigint FROM people
    RETURNING user_id AS id
)
INSERT INTO devices (user_id, device_id, platform, last_seen_at) SELECT id, id, 'web', %(at)s::bigint FROM named
"""
_REGISTERED = """
INSERT INTO push_registrations (user_id, device_id, provider, token, registered_at)
SELECT id, id, 'webpush', token, %(at)s::bigint FROM unnest(%(ids)s::text[], %(tokens)s::text[]) who (id, token)
"""


@dataclass(frozen=True)
class Sleepers:
    cloud: Cloud
    ids: Sequence[str]
    browsers: Sequence[Browser]

    async def fetch(self) -> Counter[str]:
        """What every browser was woken with: how many with which words."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(browser: Browser) -> None:
            async with gate:
                await browser.fetch()

        await asyncio.gather(*(one(browser) for browser in self.browsers))
        return Counter(push.shown["body"] for browser in self.browsers for push in browser.pushes)

    async def fetch_until(self, holds: Callable[[Counter[str]], bool], *, within_s: float) -> None:
        """Now and then, until that holds; or, if it never does, not any longer."""
        end = time.monotonic() + within_s
        while True:
            if holds(await self.fetch()) or time.monotonic() > end:
                return
            await asyncio.sleep(LOOK_S)

    def unregister(self) -> None:
        with database(self.cloud) as connection:
            connection.execute("DELETE FROM push_registrations WHERE user_id = ANY(%s::text[])", [list(self.ids)])


@asynccontextmanager
async def sleepers(cloud: Cloud, api: Api, *, number: int) -> AsyncIterator[Sleepers]:
    key = await _key(api)
    name, now = f"s{secrets.token_hex(4)}", time.time_ns() // 1_000_000
    ids = [f"{name}n{each}" for each in range(number)]
    async with browsers(cloud.app.outputs) as here:
        found = [await here.subscribe(key) for _ in ids]
        with database(cloud) as connection:
            connection.execute(_PEOPLE, {"ids": ids, "at": now})
            connection.execute(_REGISTERED, {"ids": ids, "tokens": [each.token() for each in found], "at": now})
        yield Sleepers(cloud, ids, found)


async def _key(api: Api) -> str:
    """That browsers subscribe with."""

    async def asked() -> str:
        return str((await api.call("GET", "/v1/push/web-key")).expect(HTTPStatus.OK)["public_key"])

    return await patiently(asked)
