"""Functions that fail, that nobody is let into, or that take long; and the gateways in front of them."""

import asyncio
import contextlib

from local.cloud import Cloud
from local.faults import FaultError, Freeze, Kill, Pause, Resume, Thaw
from local.runtime.scheduling import ThrottledError
from tests.alarms import scene, table
from tests.alarms.bells import Bells
from tests.support.api import Api
from tests.support.invoke import invoked
from tests.support.socket import is_gateway_failure

TIMES = 6
"""One more than makes alarms of gateways ring."""
SCHEDULED = ("relay", "erase", "rebuild", "reconcile")
LONG_S = 1.1
"""An answer takes too long."""


class TestFunctions:
    async def test_functions_die(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        names = table.of("functions_die", bells.names)
        talk = await scene.Talk.begin(api)
        await bells.ring(names, lambda: asyncio.gather(*(_dies(cloud, name) for name in scene.functions(cloud))))
        await bells.over(names, talk.go_on)

    async def test_nobody_is_let_in(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        """Nor is a schedule, which comes every minute."""
        names = table.of("nobody_is_let_in", bells.names)
        talk = await scene.Talk.begin(api)
        await scene.throttle(cloud, scene.functions(cloud))

        async def knock() -> None:
            await asyncio.gather(*(_is_refused(cloud, name) for name in scene.functions(cloud)))
            answers = await asyncio.gather(*(talk.speaker.ask({"action": "ping"}) for _ in range(TIMES)))
            assert all(map(is_gateway_failure, answers))

        await bells.ring(names, knock)
        await cloud.faults.clear()

        async def comes_in() -> None:
            for name in SCHEDULED:
                await invoked(cloud, name, b"{}")
            await talk.go_on()

        await bells.over(names, comes_in)


class TestGateways:
    async def test_engines_are_away(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        """Without one nobody answers over HTTP, without the other nobody can be connected."""
        names = table.of("engines_are_away", bells.names)
        user = await api.sign_up()

        async def ask() -> None:
            await cloud.faults.apply(Pause("postgres"))
            replies = await asyncio.gather(*(user.call("GET", "/v1/conversations") for _ in range(TIMES)))
            assert {reply.refusal() for reply in replies} == {(503, "unavailable")}
            await cloud.faults.apply(Resume("postgres"))
            await cloud.faults.apply(Pause("valkey"))
            await asyncio.gather(*(scene.is_not_connected(user) for _ in range(TIMES)))
            await cloud.faults.apply(Resume("valkey"))

        await bells.ring(names, ask)

        async def goes_on() -> None:
            (await user.call("GET", "/v1/conversations")).expect(200)
            await (await user.connect()).ping()

        await bells.over(names, goes_on)

    async def test_answers_take_long(self, cloud: Cloud, api: Api, bells: Bells) -> None:
        names = table.of("answers_take_long", bells.names)
        user = await api.sign_up()
        socket = await user.connect()

        async def ask() -> None:
            await asyncio.gather(socket.ping(), user.call("GET", "/v1/conversations"))

        async def wait() -> None:
            for name in ("signal", "chat_api"):
                await cloud.faults.apply(Freeze(name))
            asked = asyncio.ensure_future(ask())
            await asyncio.sleep(LONG_S)  # that long it takes
            for name in ("signal", "chat_api"):
                await cloud.faults.apply(Thaw(name))
            await asked

        await ask()
        await bells.minute(ask)
        await bells.ring(names, wait)
        await bells.over(names, ask)


async def _dies(cloud: Cloud, name: str) -> None:
    """A worker, in the midst of an event."""
    pool = cloud.runtime.functions.pool(name)
    with contextlib.suppress(FaultError):
        await cloud.faults.apply(Freeze(name))
    call = asyncio.ensure_future(cloud.runtime.functions.invoke(name, b"{}"))
    while not pool.workers and not call.done():  # noqa: ASYNC110 - its process starts
        await asyncio.sleep(scene.LOOK_S)
    with contextlib.suppress(FaultError):
        await cloud.faults.apply(Kill(name))
    await asyncio.gather(call, return_exceptions=True)
    with contextlib.suppress(FaultError):
        await cloud.faults.apply(Thaw(name))


async def _is_refused(cloud: Cloud, name: str) -> None:
    try:
        await cloud.runtime.functions.invoke(name, b"{}")
    except ThrottledError:
        return
    raise AssertionError(f"{name} was let in")
