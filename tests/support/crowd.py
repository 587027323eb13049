"""Many people at once, each on a phone and a tablet."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tests.support.api import Api
from tests.support.client import Client
from tests.support.ledger import Ledger

SIGN_UPS_AT_ONCE = 4
DEVICES_EACH = 2


@asynccontextmanager
async def crowd(api: Api, *, users: int) -> AsyncIterator[tuple[list[Client], Ledger]]:
    """The connected devices of new users, first all phones, then all tablets; and what happens to them."""
    ledger = Ledger()
    gate = asyncio.Semaphore(SIGN_UPS_AT_ONCE)

    async def join(number: int) -> tuple[Client, Client]:
        async with gate:
            user = await api.sign_up(f"user{number}")
            return Client(user, ledger), Client(await user.on_another_device(), ledger)

    pairs = await asyncio.gather(*(join(number) for number in range(users)))
    clients = [pair[device] for device in range(DEVICES_EACH) for pair in pairs]
    async with AsyncExitStack() as stack:
        for client in clients:
            await stack.enter_async_context(client)
        yield clients, ledger
