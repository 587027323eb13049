"""
`python -m tests.browser.bench [NAME …]`: what the web app takes, on a cloud of its own. It prints, and asserts nothing.

* `start`: until one can write, from cache, on a processor that is four times slower.
* `scroll`: frames while 10,000 messages are scrolled through, up (they are fetched on the way) and down again.
* `typing`: from a key to its letter, while 200 messages a second arrive.
* `hour`: what is in memory while as many messages come as 200 a second are in an hour, handed to the page's socket five
  seconds' at once, as soon as it shows the last of those before.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page, expect

from local.cloud import Cloud
from tests.browser.chromium import launched
from tests.browser.feeding import fed
from tests.browser.people import People, Window
from tests.browser.watching import Watch
from tests.support.api import Api
from tests.support.socket import Socket, message

ROOT = Path(__file__).parents[2]
SLOWER = 4
STARTS = 5
MESSAGES = 10_000
BOTS, BURST = 10, 20
TURN_PX = 400
SECONDS = 30
HOUR_S, PARTS, AT_ONCE_S = 3600, 10, 5
PATIENCE_S = 120.0
LONG_MS = 50
WATCH = """() => {
  window.long = [];
  new PerformanceObserver(list => window.long.push(...list.getEntries().map(each => each.duration)))
    .observe({ type: "longtask" });
}"""
"""From then on, the page's own tasks of more than 50 ms."""
RECORD = """() => {
  window.frames = [];
  window.long = [];
  let before = performance.now();
  const next = now => {
    window.frames.push(now - before);
    before = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}"""
"""From then on, how long each frame took."""
NEXT = """async seq => {
  await new Promise(requestAnimationFrame);
  return document.querySelector(`[data-seq="${seq}"]`) !== null;
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
    await alice.page.reload()
    await alice.open(group)
    await expect(alice.log.get_by_role("article").last).to_be_visible()
    await alice.page.evaluate(WATCH)
    return [
        await wheel(alice, where, by, seq) for where, by, seq in (("up", -TURN_PX, 2), ("down", TURN_PX, MESSAGES + 1))
    ]


async def wheel(alice: Window, where: str, by: int, seq: int) -> str:
    """Turns it once a frame, until the message at that place is there."""
    page = alice.page
    await alice.log.hover()
    await page.evaluate(RECORD)
    end = time.monotonic() + PATIENCE_S
    while not (came := await page.evaluate(NEXT, seq)) and time.monotonic() < end:
        await page.mouse.wheel(0, by)
    frames, tasks = await page.evaluate("[window.frames, window.long]")
    return f"scroll {where}{'' if came else ', NOT TO THE END'}: {drawn(frames)}; {worked(tasks)}"


async def typing(people: People) -> list[str]:
    alice = await people.join("alice")
    group, sockets = await crowd(people, alice)
    await alice.open(group)
    await alice.page.evaluate(WATCH)
    talking = asyncio.gather(*(talk(socket, group, SECONDS, pause_s=1) for socket in sockets))
    took = []
    while not talking.done():
        took.append(await alice.page.evaluate(TYPE))
    rate = BOTS * BURST * SECONDS / (await talking)[0]
    letters = f"p50 {statistics.median(took):.0f}, p99 {percentile(took, 0.99):.0f}, at most {max(took):.0f} ms"
    tasks = worked(await alice.page.evaluate("window.long"))
    return [f"typing: while {rate:.0f} messages/s arrive, a letter is there after {letters}, of {len(took)}; {tasks}"]


async def hour(people: People) -> list[str]:
    her = await fed(people)
    alice = her.window
    inspector = await alice.page.context.new_cdp_session(alice.page)
    used = [await memory(inspector)]
    began = time.monotonic()
    for _ in range(PARTS):
        await her.hears(HOUR_S // PARTS // AT_ONCE_S, at_once=BOTS * BURST * AT_ONCE_S, burst=BURST)
        used.append(await memory(inspector))
    took = time.monotonic() - began
    heaps = ", ".join(f"{heap:.1f}" for heap, _ in used)
    nodes = ", ".join(f"{count:.0f}" for _, count in used)
    return [
        f"hour: {HOUR_S * BOTS * BURST} messages in {took:.0f} s; MB in use, before and after each tenth: {heaps}",
        f"hour: nodes of the page: {nodes}; {await kept(alice.page)} messages on the device",
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


async def memory(inspector: CDPSession) -> tuple[float, float]:
    """MB that are in use after a collection, and nodes."""
    await inspector.send("HeapProfiler.collectGarbage")
    counters: dict[str, Any] = await inspector.send("Memory.getDOMCounters")
    return float((await inspector.send("Runtime.getHeapUsage"))["usedSize"]) / 1e6, counters["nodes"]


async def kept(page: Page) -> int:
    """How many events are in the store."""
    count: int = await page.evaluate(
        """async () => {
          let count = 0;
          for (const { name } of await indexedDB.databases()) {
            const db = await new Promise(resolve => {
              indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result);
            });
            if (!db.objectStoreNames.contains("events")) continue;
            count += await new Promise(resolve => {
              db.transaction("events").objectStore("events").count().onsuccess = ({ target }) => resolve(target.result);
            });
            db.close();
          }
          return count;
        }"""
    )
    return count


def drawn(frames: list[float]) -> str:
    long = sum(frame > LONG_MS for frame in frames)
    took = f"p99 {percentile(frames, 0.99):.0f}, at most {max(frames):.0f} ms"
    return f"{len(frames)} frames, {took}, {long} over {LONG_MS} ms"


def worked(tasks: list[float]) -> str:
    return f"{len(tasks)} tasks of the page over {LONG_MS} ms, the longest {max(tasks, default=0):.0f} ms"


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


BENCHES: dict[str, Callable[[People], Awaitable[list[str]]]] = {
    "start": start,
    "scroll": scroll,
    "typing": typing,
    "hour": hour,
}


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
