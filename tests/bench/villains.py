"""
Ten hostile users at their limits, in a process of their own.

`python -m tests.bench.villains HTTP_URL`: is told who else is there and what share of the limits there is, says when it
is ready; for each `{"seconds": N}` it is told, does its worst as long; told `null`, it says what it was answered.
"""

import asyncio
import os
import sys

import aiohttp
import uvloop

from tests.bench.child import heard, say
from tests.bench.hostile_frames import FRAMES
from tests.bench.hostile_requests import REQUESTS_WITHOUT_END
from tests.bench.villain import Address, Villain

VILLAINS = 10
EVILS = (*FRAMES, *REQUESTS_WITHOUT_END)
"""Everybody does all of them, one after the other; at every moment each is done by somebody."""
ENDS_WITHIN_S = 10.0
NICENESS = 10
"""They have processors of their own where they come from; here they take what the others leave."""


async def gang(address: Address) -> list[Villain]:
    villains = [await Villain.arrive(address, number) for number in range(VILLAINS)]
    for number, villain in enumerate(villains):
        villain.mates = [villains[(number + step) % VILLAINS] for step in (1, 2)]
        body = {"kind": "group", "title": "Den", "members": [mate.user_id for mate in villain.mates]}
        _, made = await villain.call("POST", "/v1/conversations", body)
        villain.den = made["conversation_id"]
    return villains


async def rampage(villain: Villain, *, seconds: float) -> None:
    evils = [EVILS[(villain.number + turn) % len(EVILS)] for turn in range(len(EVILS))]
    end = asyncio.get_running_loop().time() + seconds
    for left, evil in zip(range(len(evils), 0, -1), evils, strict=True):
        turn_s = (end - asyncio.get_running_loop().time()) / left
        try:
            async with asyncio.timeout(turn_s) as turn:
                await evil(villain)
        except TimeoutError:
            if not turn.expired():
                raise


async def run(url: str) -> None:
    timeout = aiohttp.ClientTimeout(total=ENDS_WITHIN_S * 3)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as http:
        told = await heard()
        address = Address(http, url.rstrip("/"), told["victims"], told["share"])
        villains = await gang(address)
        lives = [asyncio.create_task(villain.live()) for villain in villains]
        say({"ready": True})
        while (task := await heard()) is not None:
            await asyncio.gather(*(rampage(villain, seconds=task["seconds"]) for villain in villains))
            say({"done": True})
        for life in lives:
            life.cancel()
        await asyncio.wait(lives)
        say({"answers": dict(address.answers), "faults": address.faults[:50], "fault_count": len(address.faults)})


if __name__ == "__main__":
    os.nice(NICENESS)
    uvloop.run(run(sys.argv[1]))
