"""
What twenty pairs who talk notice while ten hostile users do all that they can think of, each at their limits.

On a laptop these limits are more than its processors can take: hundreds of requests a second, each of which a function
answers. So the stage may be given a share of them only: what one user may do is then to this machine about what the
limits are to AWS.
"""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

from local.cloud import Cloud
from natter.domain.limits import BUCKETS
from tests.bench import processes
from tests.bench.child import Child
from tests.bench.limits import limited
from tests.bench.villain import a_share_of
from tests.bench.warm import warmed
from tests.support.dead_letters import DeadLetterReader
from tests.support.lag import caught_up

READY_WITHIN_S = 180.0
SAYS_WITHIN_S = 60.0
CAUGHT_UP_WITHIN_S = 60.0
WARM_S = 10.0
ENVIRONMENTS = 2
"""Of each function, that have started beforehand."""
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
    processors: tuple[Mapping[str, float], Mapping[str, float]]
    """What groups of processes took of a processor, alone and beside them."""


async def measure(
    cloud: Cloud,
    *,
    seconds: float,
    share: float,
    warm_s: float = WARM_S,
    environments: int = ENVIRONMENTS,
    all_limited: bool = True,
) -> Measured:
    """
    With hostile users who use a `share` of the protocol's limits, which is all that there is meanwhile (`all_limited`).

    Before anything is measured so many `environments` of each function are started, which costs a laptop's other users
    its processors and AWS's nothing, and all are at it for `warm_s`; what they have left behind is waited for. Then the
    pairs talk for `seconds` alone, then `BESIDE` times as long.
    """
    url = cloud.app.outputs["HttpUrl"]
    letters = DeadLetterReader(cloud.engines["kafka"].address)
    before = await asyncio.to_thread(letters.ends)
    async with Child("tests.bench.pairs", url) as pairs, Child("tests.bench.villains", url) as villains:
        villains.tell({"victims": await pairs.hear(within_s=READY_WITHIN_S), "share": share})
        await villains.hear(within_s=READY_WITHIN_S)
        everybody = [a_share_of(bucket, share) for bucket in BUCKETS.values()]
        with limited(cloud, everybody) if all_limited else nullcontext():
            await warmed(cloud, [each.name for each in cloud.runtime.functions.current()], number=environments)
            await _rampant(villains, warm_s, talked(pairs, warm_s))
            await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
            alone, alone_took = await _taking(cloud, talked(pairs, seconds))
            beside_s = seconds * BESIDE
            beside, beside_took = await _rampant(villains, beside_s, _taking(cloud, talked(pairs, beside_s)))
            villains.tell(None)
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
        processors=(alone_took, beside_took),
    )


async def talked(pairs: Child, seconds: float) -> Mapping[str, float]:
    """The pairs, for so long: what it came to."""
    pairs.tell({"seconds": seconds})
    return dict(await pairs.hear(within_s=seconds + SAYS_WITHIN_S))


async def _rampant[T](villains: Child, seconds: float, meanwhile: Awaitable[T]) -> T:
    villains.tell({"seconds": seconds})
    result = await meanwhile
    await villains.hear(within_s=SAYS_WITHIN_S)
    return result


async def _taking(cloud: Cloud, work: Awaitable[Mapping[str, float]]) -> tuple[Mapping[str, float], dict[str, float]]:
    began, before = time.monotonic(), processes.usage(cloud)
    result = await work
    took = processes.usage(cloud).since(before)
    return result, {group: seconds / (time.monotonic() - began) for group, seconds in took.items()}


def table(measured: Measured) -> list[str]:
    rows = [
        f"  {name:24}{measured.alone[name]:12.0f}{measured.beside[name]:12.0f}"
        for name in ("sent", "shown", "p50", "p99", "max")
    ]
    alone, beside = measured.processors
    groups = sorted(beside, key=lambda group: -beside[group])
    answers = ", ".join(
        f"{code} {count}" for code, count in sorted(measured.answers.items(), key=lambda each: -each[1])
    )
    return [
        "twenty pairs, alone and beside ten hostile users (ms from the call to the other's screen)",
        f"  {'':24}{'alone':>12}{'beside':>12}",
        *rows,
        "  of a processor",
        *(f"    {group:22}{alone.get(group, 0.0):12.2f}{beside[group]:12.2f}" for group in groups),
        f"  the hostile were told: {answers}; faults of the server: {measured.faults}",
        f"  wrong for the pairs: {len(measured.wrong)}; set aside: {measured.set_aside}",
        *(f"    {each}" for each in measured.wrong[:SHOWN]),
    ]
