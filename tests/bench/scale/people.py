"""
A part of the people who are connected, in a process of their own: one has no room for all of their sockets.

`python -m tests.bench.scale.people USERS DEVICES_EACH CIRCLE CONVERSATIONS` is told the outputs, then what to do, by
`do`; it says what came of it.
"""

import asyncio
import sys
import time
from typing import Any

import uvloop

from local.files import raise_limit
from tests.bench.child import heard, say
from tests.support.throng import Throng, throng
from tests.support.until import until

WELL_WITHIN_S = 600.0
LOOK_S = 0.1


async def run(users: int, each: int, circle: int, conversations: int) -> None:
    raise_limit()
    outputs = await heard()
    async with throng(outputs, users=users, each=each, circle=circle, conversations=conversations) as here:
        say("ready")
        while (asked := await heard()) is not None:
            say(await _done(here, asked))


async def _done(here: Throng, asked: dict[str, Any]) -> Any:  # noqa: PLR0911 - an answer each
    match asked:
        case {"do": "connect", "at_once": at_once, "within_s": within_s}:
            began = time.monotonic()
            await here.connect(here.devices, at_once=at_once, known=True, within_s=within_s)
            here.forget_absent()
            return {"seconds": time.monotonic() - began, "devices": len(here.devices)}
        case {"do": "count"}:
            counted, here.tally.pong_ms = dict(vars(here.tally)), []
            return {**counted, "cpu_s": time.process_time(), "unwell": here.unwell()}
        case {"do": "talk", "times": times, "every_s": every_s}:
            await here.talk(times=times, every_s=every_s)
            return {"said": sum(len(said) for circle in here.circles for said in circle.said.values())}
        case {"do": "part"}:
            await _part(here)
            return {}
        case {"do": "return"}:
            began = time.monotonic()
            others = [device for circle in here.circles for device in circle.devices[1:]]
            await here.connect(others, at_once=len(others))
            return {"began": began, **await _well(here)}
        case {"do": "well", "within_s": within_s}:
            return await _well(here, within_s)
        case {"do": "lost"}:
            return await here.lost()
    raise ValueError(asked)


async def _part(here: Throng) -> None:
    """All leave but who will talk."""
    for circle in here.circles:
        for device in circle.devices[1:]:
            device.leave()
    others = [device for circle in here.circles for device in circle.devices[1:]]
    await until(lambda: all(each.well_at is None for each in others), "they have left")


async def _well(here: Throng, within_s: float = WELL_WITHIN_S) -> dict[str, Any]:
    """When each was connected and knew what it had missed, when all of it was there everywhere; who is not, so far."""
    end = time.monotonic() + within_s
    while here.unwell() and time.monotonic() < end:  # noqa: ASYNC110 - looked at, not told
        await asyncio.sleep(LOOK_S)
    unwell = here.unwell()
    return {
        "unwell": unwell,
        "at": time.monotonic(),
        "well_at": [each.well_at for each in here.devices if each.well_at],
    }


if __name__ == "__main__":
    uvloop.run(run(*map(int, sys.argv[1:])))
