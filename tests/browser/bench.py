"""
`python -m tests.browser.bench [NAME …]`: what the web app takes, on a cloud of its own. It prints, and asserts nothing.

* `start`: until one can write, from cache, on a processor that is four times slower.
* `scroll`: frames while 10,000 messages are scrolled through.
* `typing`: from a key to its letter, while 200 messages a second arrive; and what is kept in memory afterwards.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import CDPSession, expect

from local.cloud import Cloud
from tests.browser.chromium import launched
from tests.browser.people import People, Window
from tests.browser.watching import Watch
from tests.support.api import Api
from tests.support.socket import Socket, message

ROOT = Path(__file__).parents[2]
SLOWER = 4
STARTS = 5
MESSAGES = 10_000
BOTS, BURST = 10, 20
SECONDS = 30
PATIENCE_S = 120.0
LONG_MS = 50
FRAMES = """async () => {
  const log = document.querySelector("[role=log]");
  const frames = [], tasks = [];
  const observer = new PerformanceObserver(list => tasks.push(...list.getEntries().map(each => each.duration)));
  observer.observe({ type: "longtask" });
  let before = performance.now();
  for (let still = 0; still < 60; ) {
    const top = log.scrollTop;
    log.scrollTop -= 400;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - before);
    before = now;
    still = log.scrollTop === top ? still + 1 : 0;
  }
  return { frames, tasks };
}"""
TYPE = """async () => {
  const field = document.querySelector(".composer textarea");
  const began = performance.now();
  field.value += "x";
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  await new Promise(requestAnimationFrame);
  await new Promise(resolve => setTimeout(resolve));
  return performance.now() - began;
}"""


async def start(people: People) -> list[str]:
    alice = await people.join("alice")
    bob = await people.api.sign_up("bob")
    await alice.open(await alice.user.direct(bob))
    await alice.page.reload()
    processor = await alice.page.context.new_cdp_session(alice.page)
    await processor.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    took = []
    for _ in range(STARTS):
        await alice.page.reload(wait_until="commit")
        await expect(alice.composer).to_be_focused()
        took.append(await alice.page.evaluate("performance.now()"))
    return [f"start: one can write after {statistics.median(took):.0f} ms, of {STARTS} ({SLOWER}x slower, from cache)"]


async def scroll(people: People) -> list[str]:
    alice = await people.join("alice")
    group, sockets = await crowd(people, alice)
    await asyncio.gather(*(talk(socket, group, MESSAGES // BOTS // BURST, pause_s=0) for socket in sockets))
    await alice.open(group)
    await expect(alice.log.get_by_role("article").last).to_be_visible()
    measured = await alice.page.evaluate(FRAMES)
    frames, tasks = measured["frames"], measured["tasks"]
    long = sum(frame > LONG_MS for frame in frames)
    drawn = f"{len(frames)} frames, p99 {percentile(frames, 0.99):.0f} ms, {long} over {LONG_MS} ms"
    worked = f"{len(tasks)} tasks of the page over {LONG_MS} ms, the longest {max(tasks, default=0):.0f} ms"
    return [f"scroll: {drawn}; {worked}"]


async def typing(people: People) -> list[str]:
    alice = await people.join("alice")
    group, sockets = await crowd(people, alice)
    await alice.open(group)
    inspector = await alice.page.context.new_cdp_session(alice.page)
    before = await heap(inspector)
    talking = asyncio.gather(*(talk(socket, group, SECONDS, pause_s=1) for socket in sockets))
    took = []
    while not talking.done():
        took.append(await alice.page.evaluate(TYPE))
    rate = BOTS * BURST * SECONDS / (await talking)[0]
    letters = f"p50 {statistics.median(took):.0f}, p99 {percentile(took, 0.99):.0f} ms"
    return [
        f"typing: while {rate:.0f} messages/s arrive, a letter is there after {letters}",
        f"memory: {before:.1f} MB before, {await heap(inspector):.1f} MB after {BOTS * BURST * SECONDS} messages",
    ]


async def crowd(people: People, alice: Window) -> tuple[str, list[Socket]]:
    """A group of hers, with others who are connected."""
    bots = [await people.api.sign_up(f"bot{number}") for number in range(BOTS)]
    group = await bots[0].group(alice.user, *bots[1:])
    return group, [await bot.connect() for bot in bots]


async def talk(socket: Socket, group: str, times: int, *, pause_s: float) -> float:
    """20 messages at once, as many as a user may send in a second, so often; how long it took."""
    began = time.monotonic()
    for number in range(times):
        messages = [message(f"{number}: " + "word " * (line + 1)) for line in range(BURST)]
        frame = {"action": "send", "conversation_id": group, "messages": messages}
        await socket.insist(frame, within_s=PATIENCE_S, after=("rate_limited", "unavailable"))
        await asyncio.sleep(max(0.0, began + (number + 1) * pause_s - time.monotonic()))
    return time.monotonic() - began


async def heap(inspector: CDPSession) -> float:
    """MB that are in use after a collection."""
    await inspector.send("HeapProfiler.collectGarbage")
    return float((await inspector.send("Runtime.getHeapUsage"))["usedSize"]) / 1e6


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


BENCHES: dict[str, Callable[[People], Awaitable[list[str]]]] = {"start": start, "scroll": scroll, "typing": typing}


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.bench")
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], metavar="NAME", help=", ".join(BENCHES))
    names = parser.parse_args().names or list(BENCHES)
    async with launched() as browser, Cloud(ROOT) as cloud, Api(cloud.app.outputs) as api:
        for name in names:
            people = People(browser, cloud.app.outputs["AppUrl"], api, Watch())
            sys.stdout.write("".join(f"{line}\n" for line in await BENCHES[name](people)))
            sys.stdout.flush()
            await people.close()


if __name__ == "__main__":
    asyncio.run(main())
