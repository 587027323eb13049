"""
People who are connected and look on, in a process of their own.

`python -m tests.bench.present HTTP_URL NUMBER`: says their user ids, and stays until it is told anything.
"""

import asyncio
import sys

import uvloop

from tests.bench.child import heard, say
from tests.support.api import Api, User

AT_ONCE = 4


async def run(url: str, number: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    async with Api({"HttpUrl": url, "WebSocketUrl": ""}) as api:

        async def join() -> User:
            async with gate:
                user = await api.sign_up("present")
                await user.connect()
                return user

        say([user.user_id for user in await asyncio.gather(*(join() for _ in range(number)))])
        await heard()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], int(sys.argv[2])))
