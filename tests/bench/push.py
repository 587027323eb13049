"""
What it takes to wake people who are away: from the event to the hand-over, and what everybody else notices.

By Web Push, to the push service of the local cloud: LocalStack's SNS takes longer to publish than all the rest.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from itertools import batched, cycle
from typing import Any

from local.cloud import Cloud
from tests.bench import processes
from tests.bench.child import Child
from tests.bench.latency import percentile
from tests.bench.sleepers import Sleepers, sleepers
from tests.bench.warm import READY_WITHIN_S, patiently, warmed
from tests.support.api import Api, User
from tests.support.browsers import Pushed
from tests.support.socket import Socket, message

WAIT_MS = 2000
"""What a push waits for on purpose."""

TALKERS, CHATS_EACH = 20, 3
TALK_EVERY_S = 1.5
"""Of one talker: in one conversation a message every 4.5 s, so that each is pushed by itself."""

AWAY, PRESENT = 900, 99
EVERY_S = 12.0
"""Between two messages of the group: longer than the ten seconds in which they would become one push."""
ADDED_AT_ONCE = 100

SAYS_WITHIN_S = 60.0
COMES_WITHIN_S = 120.0
"""What has not come then, does not come."""
FUNCTIONS = ("users_api", "chat_api", "authorize", "connect", "send", "persist", "push", "wake")
ENVIRONMENTS = 4
"""Of each: as many as the local cloud has."""


@dataclass(frozen=True, kw_only=True)
class Pushing:
    direct_ms: Sequence[float]
    """From event to hand-over, without the wait."""
    lost: int
    first_ms: Sequence[float]
    last_ms: Sequence[float]
    """By message of the group, from the event to the first and the last hand-over, with the wait."""
    unwoken: int
    cpu_ms: Mapping[str, float]
    """Processor time per push of the group, by group of processes, without what they use when nothing happens."""
    beside: Mapping[str, Mapping[str, Any]]
    """What pairs notice who talk meanwhile, by what happens beside them."""

    @property
    def rounds(self) -> int:
        return len(self.first_ms)

    @property
    def per_second(self) -> float:
        took = [last - first for first, last in zip(self.first_ms, self.last_ms, strict=True)]
        return len(took) * AWAY / (sum(took) / 1000)


async def measure(cloud: Cloud, *, seconds: float, rounds: int) -> Pushing:
    """`rounds` messages to the group, and twice `seconds` of talking for each of the other figures."""
    url = cloud.app.outputs["HttpUrl"]
    await warmed(cloud, FUNCTIONS, number=ENVIRONMENTS)
    async with Api(cloud.app.outputs) as api, AsyncExitStack() as stack:
        founder = await patiently(lambda: api.sign_up("founder"))
        screen = await patiently(founder.connect)
        friends = await stack.enter_async_context(sleepers(cloud, api, number=TALKERS * CHATS_EACH))
        crowd = await stack.enter_async_context(sleepers(cloud, api, number=AWAY))
        await _begun(founder, screen, await stack.enter_async_context(sleepers(cloud, api, number=1)))
        direct_ms, lost = await _direct(api, friends, seconds=2 * seconds)
        group = await _group(founder, crowd.ids)
        waves, cpu_ms = await _woken(cloud, crowd, screen, group, rounds=rounds)
        pairs = await stack.enter_async_context(Child("tests.bench.pairs", url))
        await pairs.hear(within_s=READY_WITHIN_S)
        present = await stack.enter_async_context(Child("tests.bench.present", url, str(PRESENT)))
        await _add(founder, group, await present.hear(within_s=READY_WITHIN_S))
        beside = {
            "alone": await _talked(pairs, seconds=2 * seconds),
            "900 are woken": await _talked(pairs, _say(screen, group), seconds=2 * seconds),
        }
        crowd.unregister()
        beside["nobody is woken"] = await _talked(pairs, _say(screen, group), seconds=2 * seconds)
    return Pushing(
        direct_ms=direct_ms,
        lost=lost,
        first_ms=[min(each) for each in waves],
        last_ms=[max(each) for each in waves],
        unwoken=rounds * AWAY - sum(map(len, waves)),
        cpu_ms=cpu_ms,
        beside=beside,
    )


async def _begun(founder: User, screen: Socket, one: Sleepers) -> None:
    """All that is on the way of a push has done it once."""
    await _said(screen, await _direct_with(founder, one.ids[0]), "first")
    await one.fetch_until(lambda pushes: pushes["first"] > 0, within_s=COMES_WITHIN_S)


async def _direct(api: Api, friends: Sleepers, *, seconds: float) -> tuple[list[float], int]:
    """Talkers write to people who are away; what each push took, and how many did not come."""
    said: dict[str, int] = {}
    all_here = asyncio.Barrier(TALKERS)

    async def talk(ids: Sequence[str]) -> None:
        talker = await patiently(lambda: api.sign_up("talker"))
        socket = await patiently(talker.connect)
        chats = [await _direct_with(talker, each) for each in ids]
        await all_here.wait()
        due, end = time.perf_counter(), time.perf_counter() + seconds
        for number, chat in enumerate(cycle(chats)):
            if due > end:
                return
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += TALK_EVERY_S
            words = f"{talker.user_id} {number}"
            said[words] = await _said(socket, chat, words)

    await asyncio.gather(*(talk(ids) for ids in batched(friends.ids, CHATS_EACH, strict=True)))
    await friends.fetch_until(lambda pushes: said.keys() <= pushes.keys(), within_s=COMES_WITHIN_S)
    took = [
        float(push.at - said[push.shown["body"]] - WAIT_MS)
        for browser in friends.browsers
        for push in browser.pushes
        if push.shown["body"] in said
    ]
    return took, len(said) - len(took)


async def _direct_with(talker: User, other: str) -> str:
    async def begun() -> str:
        reply = await talker.call("POST", "/v1/conversations", {"kind": "direct", "members": [other]})
        assert reply.status in {200, 201}, reply
        return str(reply.body["conversation_id"])

    return await patiently(begun)


async def _said(socket: Socket, chat: str, words: str) -> int:
    """When it was said, as the log has it."""
    frame = {"action": "send", "conversation_id": chat, "messages": [message(words)]}

    async def accepted() -> int:
        answer = await socket.ask(frame, within_s=SAYS_WITHIN_S)
        assert answer.get("type") == "ack", answer
        return int(answer["accepted"][0]["at"])

    return await patiently(accepted)


async def _group(founder: User, ids: Sequence[str]) -> str:
    group = await patiently(lambda: founder.group(title="Assembly"))
    await _add(founder, group, ids)
    return group


async def _add(founder: User, group: str, ids: Sequence[str]) -> None:
    async def add(some: Sequence[str]) -> None:
        (await founder.call("POST", f"/v1/conversations/{group}/members", {"user_ids": some})).expect(200)

    for some in batched(ids, ADDED_AT_ONCE, strict=False):
        await patiently(partial(add, some))


async def _woken(
    cloud: Cloud, crowd: Sleepers, screen: Socket, group: str, *, rounds: int
) -> tuple[list[list[float]], Mapping[str, float]]:
    """By message what each push took, and what one costs: what is asked of browsers meanwhile is not counted."""
    await _said(screen, group, "wake up")  # what starts for the first time is not counted
    await crowd.fetch_until(lambda pushes: pushes["wake up"] == AWAY, within_s=COMES_WITHIN_S)
    before = processes.usage(cloud)
    await asyncio.sleep(EVERY_S)
    idle = processes.usage(cloud).since(before)
    used: Counter[str] = Counter()
    said: dict[str, int] = {}
    for number in range(rounds):
        words = f"round {number}"
        before, end = processes.usage(cloud), time.monotonic() + COMES_WITHIN_S
        said[words] = await _said(screen, group, words)
        while True:
            await asyncio.sleep(EVERY_S)
            used.update(processes.usage(cloud).since(before))
            used.subtract(idle)
            if (await crowd.fetch())[words] == AWAY or time.monotonic() > end:
                break
            before = processes.usage(cloud)
    pushes = [push for browser in crowd.browsers for push in browser.pushes]
    waves = [[float(push.at - at) for push in _of(pushes, words)] for words, at in said.items()]
    return waves, {name: 1000 * cpu / sum(map(len, waves)) for name, cpu in used.items()}


def _of(pushes: Sequence[Pushed], words: str) -> list[Pushed]:
    return [push for push in pushes if push.shown["body"] == words]


async def _say(screen: Socket, group: str) -> None:
    """What the pairs may notice."""
    for number in range(2):
        await _said(screen, group, f"beside {number}")
        await asyncio.sleep(EVERY_S)


async def _talked(pairs: Child, beside: Awaitable[None] | None = None, *, seconds: float) -> Any:
    pairs.tell({"seconds": seconds})
    if beside is not None:
        await beside
    return await pairs.hear(within_s=seconds + SAYS_WITHIN_S)


def table(pushing: Pushing) -> list[str]:
    return [
        "pushes to browsers (ms)",
        f"  {'':44}{'p50':>8}{'p99':>8}",
        (
            f"  {'from the event, without the two seconds':44}"
            f"{percentile(pushing.direct_ms, 50):8.0f}{percentile(pushing.direct_ms, 99):8.0f}"
        ),
        f"  of {len(pushing.direct_ms) + pushing.lost} did not come: {pushing.lost}",
        f"a message to {AWAY} who are away ({pushing.rounds} messages)",
        f"  from the event to the first, to the last (s): {_seconds(pushing.first_ms)}, {_seconds(pushing.last_ms)}",
        f"  pushes/s: {pushing.per_second:.0f}; did not come: {pushing.unwoken}",
        "  processor time per push (ms)",
        *(f"    {name:20}{ms:8.2f}" for name, ms in sorted(pushing.cpu_ms.items(), key=lambda each: -each[1])),
        f"    {'all':20}{sum(pushing.cpu_ms.values()):8.2f}",
        f"twenty pairs beside a group of 1,000, of whom {AWAY} are away (ms from the call to the other's screen)",
        f"  {'':24}{'sent':>8}{'shown':>8}{'p50':>8}{'p99':>8}{'max':>8}",
        *(
            f"  {name:24}" + "".join(f"{found[each]:8.0f}" for each in ("sent", "shown", "p50", "p99", "max"))
            for name, found in pushing.beside.items()
        ),
    ]


def _seconds(several: Sequence[float]) -> str:
    return " ".join(f"{each / 1000:.1f}" for each in several)
