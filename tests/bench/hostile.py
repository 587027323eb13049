"""
What twenty pairs who talk notice while ten hostile users do all that they can think of, each at their limits.

On a laptop these limits are more than its processors can take: hundreds of requests a second, each of which a function
answers. So the figures say how what there is of them is shared, and what was lost or refused says whether it was fair.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.cloud import Cloud
from tests.bench.child import Child
from tests.support.dead_letters import DeadLetterReader
from tests.support.lag import caught_up

READY_WITHIN_S = 180.0
SAYS_WITHIN_S = 60.0
CAUGHT_UP_WITHIN_S = 60.0
BESIDE = 4
"""Times as long as alone."""
SHOWN = 5
"""Of what is wrong, so much is said."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    alone: Mapping[str, float]
    beside: Mapping[str, float]
    """`sent`, `shown`, and `p50`, `p99`, `max` in milliseconds from the call to the other's screen."""
    wrong: list[str]
    """What was refused to the pairs, or is not as it should be in their histories."""
    answers: Mapping[str, int]
    """What the villains were told, by code."""
    faults: int
    """Answers to them that are the server's fault."""
    set_aside: int


async def measure(cloud: Cloud, *, seconds: float) -> Measured:
    url = cloud.app.outputs["HttpUrl"]
    letters = DeadLetterReader(cloud.engines["kafka"].address)
    before = await asyncio.to_thread(letters.ends)
    async with Child("tests.bench.pairs", url) as pairs, Child("tests.bench.villains", url) as villains:
        villains.tell(await pairs.hear(within_s=READY_WITHIN_S))
        await villains.hear(within_s=READY_WITHIN_S)
        alone = await _talked(pairs, seconds)
        villains.tell({"seconds": seconds * BESIDE})
        beside = await _talked(pairs, seconds * BESIDE)
        done = await villains.hear(within_s=SAYS_WITHIN_S)
        await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
        pairs.tell(None)
        wrong = await pairs.hear(within_s=SAYS_WITHIN_S)
    set_aside = await asyncio.to_thread(letters.since, before)
    return Measured(
        alone=alone,
        beside=beside,
        wrong=wrong,
        answers=done["answers"],
        faults=done["fault_count"],
        set_aside=len(set_aside),
    )


async def _talked(pairs: Child, seconds: float) -> Any:
    pairs.tell({"seconds": seconds})
    return await pairs.hear(within_s=seconds + SAYS_WITHIN_S)


def table(measured: Measured) -> list[str]:
    rows = [
        f"  {name:24}{measured.alone[name]:12.0f}{measured.beside[name]:12.0f}"
        for name in ("sent", "shown", "p50", "p99", "max")
    ]
    answers = ", ".join(
        f"{code} {count}" for code, count in sorted(measured.answers.items(), key=lambda each: -each[1])
    )
    return [
        "twenty pairs, alone and beside ten hostile users (ms from the call to the other's screen)",
        f"  {'':24}{'alone':>12}{'beside':>12}",
        *rows,
        f"  the hostile were told: {answers}; faults of the server: {measured.faults}",
        f"  wrong for the pairs: {len(measured.wrong)}; set aside: {measured.set_aside}",
        *(f"    {each}" for each in measured.wrong[:SHOWN]),
    ]
