"""Very many devices in one process, in circles of people who are in the same conversations."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import batched

import aiohttp

from tests.support.api import PASSWORD, Fields, all_events, fresh
from tests.support.device import HTTP_S, PAGE, Account, Device, Http, Tally

SIGN_UPS_AT_ONCE = 2
FOLDED_S = 0.2


@dataclass
class Circle:
    """People who are in the same conversations; the first device is the one that talks in them."""

    devices: Sequence[Device]
    conversations: Sequence[str]
    said: dict[str, list[str]]
    """Client ids of what was acknowledged, by conversation."""

    async def talk(self, *, times: int, every_s: float) -> None:
        for number in range(times):
            due = time.monotonic() + every_s
            for each in self.conversations:
                self.said[each].append(await self.devices[0].say(each, f"number {number}"))
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def is_complete(self, device: Device) -> bool:
        return all(device.positions[each] >= 1 + len(said) for each, said in self.said.items())


@dataclass
class Throng:
    circles: Sequence[Circle]
    http: Http
    tally: Tally = field(default_factory=Tally)
    _lives: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def devices(self) -> list[Device]:
        return [device for circle in self.circles for device in circle.devices]

    async def connect(
        self, devices: Sequence[Device], *, at_once: int, known: bool = False, within_s: float = math.inf
    ) -> None:
        """Until each was well once; whoever has not begun in that time does not."""
        gate = asyncio.Semaphore(at_once)
        end = time.monotonic() + within_s

        async def one(device: Device) -> None:
            async with gate:
                if time.monotonic() > end:
                    return
                device.arrived.clear()
                self._lives.append(asyncio.create_task(device.live(known=known)))
                await device.arrived.wait()

        await asyncio.gather(*map(one, devices))

    def forget_absent(self) -> None:
        """Devices that have never arrived."""
        for circle in self.circles:
            circle.devices = [device for device in circle.devices if device.arrived.is_set()]
        self.circles = [circle for circle in self.circles if circle.devices]

    async def talk(self, *, times: int, every_s: float) -> None:
        await asyncio.gather(*(circle.talk(times=times, every_s=every_s) for circle in self.circles))

    def unwell(self) -> int:
        """Devices that are not connected, or have not seen everything."""
        return sum(
            device.well_at is None or not circle.is_complete(device)
            for circle in self.circles
            for device in circle.devices
        )

    async def lost(self) -> list[str]:
        """What was acknowledged and does not stand in its conversation once, or beside what was not."""
        wrong = []
        for circle in self.circles:
            for conversation, said in circle.said.items():
                found = await all_events(partial(self._page, circle.devices[0].account.token, conversation))
                if [each["seq"] for each in found] != list(range(1, len(found) + 1)):
                    wrong.append(f"{conversation} has holes")
                if [each.get("client_id") for each in found if each["type"] == "message"] != said:
                    wrong.append(f"{conversation} is not what was acknowledged")
        return wrong

    async def _page(self, token: str, conversation: str, after: int) -> Fields:
        path = f"/v1/conversations/{conversation}/events?after={after}&limit={PAGE}"
        return dict(await self.http.insist("GET", path, token=token))

    async def disperse(self) -> None:
        for device in self.devices:
            device.leave()
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)


@asynccontextmanager
async def throng(
    outputs: Mapping[str, str], *, users: int, each: int, circle: int, conversations: int, http_at_once: int = 30
) -> AsyncIterator[Throng]:
    """
    New users with `each` devices, in circles of so many people with so many group conversations; nobody is connected
    yet. (A device is a connection here: those of one user share a session.)
    """
    connector = aiohttp.TCPConnector(limit=http_at_once)
    timeout = aiohttp.ClientTimeout(total=HTTP_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        http = Http(session, outputs["HttpUrl"].rstrip("/"), outputs["WebSocketUrl"])
        gate = asyncio.Semaphore(SIGN_UPS_AT_ONCE)
        accounts = await asyncio.gather(*(_joined(http, gate) for _ in range(users)))
        here = Throng([], http)
        here.circles = await asyncio.gather(
            *(
                _circle(http, gate, here.tally, some, each=each, conversations=conversations)
                for some in batched(accounts, circle, strict=False)
            )
        )
        try:
            yield here
        finally:
            await here.disperse()


async def _joined(http: Http, gate: asyncio.Semaphore) -> Account:
    async with gate:
        name = {"username": fresh("many"), "password": PASSWORD}
        await http.insist("POST", "/v1/users", name)
        session = await http.insist("POST", "/v1/sessions", name)
        return Account(session["user_id"], session["access_token"])


async def _circle(
    http: Http, gate: asyncio.Semaphore, tally: Tally, accounts: Sequence[Account], *, each: int, conversations: int
) -> Circle:
    founder, *others = accounts
    body = {"kind": "group", "title": "Circle", "members": [other.user_id for other in others]}
    made: list[str] = []
    async with gate:
        for _ in range(conversations):
            answer = await http.insist("POST", "/v1/conversations", body, token=founder.token)
            made.append(answer["conversation_id"])
        for conversation in made:
            await _folded(http, founder, conversation)
    devices = [Device(account, made, http, tally) for account in accounts for _ in range(each)]
    return Circle(devices, made, {conversation: [] for conversation in made})


async def _folded(http: Http, founder: Account, conversation: str) -> None:
    """Wait until it has begun."""
    while True:
        seen = await http.insist("GET", f"/v1/conversations/{conversation}", token=founder.token)
        if seen["head"]["seq"] >= 1:
            return
        await asyncio.sleep(FOLDED_S)
