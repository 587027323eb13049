"""A session ends while a connection of it is being made: whatever the moment, none stays open."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable

import pytest
from websockets.exceptions import InvalidStatus

from local.cloud import Cloud
from local.faults.values import Pause
from tests.support.api import PASSWORD, Api, User
from tests.support.socket import Socket
from tests.support.valkey import connections_of

TRIES = 16
CLOSED_WITHIN_S = 60.0
"""The queue tries again after a second or two, and later each time; the machine may be busy."""
PAUSE_S = 15.0
CONNECTS_WITHIN_S = 10.0


async def opened(api: Api, url: str) -> Socket | None:
    """None: the upgrade was refused."""
    with contextlib.suppress(InvalidStatus):
        return await api.open(url)
    return None


async def all_closed(*sockets: Socket | None) -> bool:
    async def is_closed(socket: Socket) -> bool:
        with contextlib.suppress(TimeoutError):
            await socket.closed(within_s=CLOSED_WITHIN_S)
        return socket.is_closed

    return all(await asyncio.gather(*(is_closed(socket) for socket in sockets if socket is not None)))


async def later[Result](wait_s: float, work: Awaitable[Result]) -> Result:
    await asyncio.sleep(wait_s)
    return await work


async def timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


@pytest.mark.parametrize("ends", ["signed out", "another password", "token used again", "erased"])
async def test_it_was_registered_and_the_gateway_did_not_know_it_yet(api: Api, cloud: Cloud, ends: str) -> None:
    """
    Once it lived on for two hours, and received everything. Without Kafka a connect takes a second between the
    last look at its session and the upgrade.
    """
    alice = await api.sign_up("alice")
    phone = await alice.on_another_device()
    await (await phone.connect()).ping()  # by now everything is warm
    url = (await phone.ticket())["url"]
    await cloud.faults.apply(Pause("kafka", seconds=PAUSE_S))
    try:
        connecting = asyncio.create_task(opened(api, url))
        async with asyncio.timeout(CONNECTS_WITHIN_S):
            while await connections_of(cloud, alice.user_id) < 2:  # noqa: ASYNC110 - the one before, and this one
                await asyncio.sleep(0.01)
        await end(ends, alice, phone)
        socket = await connecting
    finally:
        await cloud.faults.clear()
    assert await all_closed(socket)
    assert socket is None or {"type": "signed_out"} in socket.frames


async def end(how: str, alice: User, phone: User) -> None:
    """The session of `phone`."""
    match how:
        case "signed out":
            (await phone.call("DELETE", "/v1/sessions/current")).expect(204)
        case "another password":
            body = {"current": PASSWORD, "new": "another horse battery"}
            (await alice.call("PUT", "/v1/users/me/password", body)).expect(204)
        case "token used again":
            statuses = [
                (await phone.api.call("POST", "/v1/sessions/refresh", {"refresh_token": phone.refresh_token})).status
                for _ in range(3)
            ]
            assert statuses == [200, 200, 401]
        case "erased":
            (await alice.call("DELETE", "/v1/users/me", {"password": PASSWORD})).expect(202)


async def test_at_every_point_of_connecting(api: Api) -> None:
    watcher = await api.sign_up("watcher")
    took_s = [await timed(watcher.connect()) for _ in range(3)]
    other = await watcher.on_another_device()
    ended_s = await timed(other.call("DELETE", "/v1/sessions/current"))
    sockets = [await ended_during_connect(api, number / TRIES, ended_s, min(took_s)) for number in range(TRIES)]
    assert await all_closed(*sockets)


async def ended_during_connect(api: Api, share: float, end_s: float, connect_s: float) -> Socket | None:
    """The end begins at one of the moments from which it may meet the connect."""
    alice = await api.sign_up("alice")
    url = (await alice.ticket())["url"]
    offset_s = share * (end_s + connect_s) - end_s
    connecting = asyncio.create_task(later(max(-offset_s, 0), opened(api, url)))
    ending = asyncio.create_task(later(max(offset_s, 0), alice.call("DELETE", "/v1/sessions/current")))
    (await ending).expect(204)
    return await connecting
