"""
`python -m tests.bench.faults [--messages 100000] [--fault NAME …] [--in-turn]`: is nothing lost, whatever fails?

For each fault, pairs say so many messages through a local cloud in which it is caused again and again; with `--in-turn`
all faults are caused in turn while the same messages are said. Then, with nothing failing any more, everything has to
be there once, in order, on all screens, and the ledger at zero. Users' own limits are lifted. Ends with 1 if anything
is wrong.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from local.cloud import Cloud
from local.faults import Faults
from local.serve import FAILURES
from natter.ports.ledger import CommandHistory
from tests.bench.causes import CAUSES, Cause, InTurn
from tests.bench.child import Child
from tests.bench.insistent import Outcome
from tests.bench.limits import LIFTED, limited
from tests.support import accounts
from tests.support.dead_letters import DeadLetterReader
from tests.support.invoke import invoked
from tests.support.lag import caught_up

ROOT = Path(__file__).parents[2]
LOGS = ROOT / ".local" / "logs"
RATE = 1000.0
"""Messages a second, where the machine can."""
LEAST_S = 20.0
"""Of talking, so that a few messages last for more than one time of the fault, too."""
READY_WITHIN_S = 300.0
CAUGHT_UP_WITHIN_S = 600.0
SETTLED_WITHIN_S = 900.0
ACCOUNTED_WITHIN_S = 900.0


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Of one fault."""

    strikes: int
    """How often it was caused."""
    seconds: float
    """Of talking."""
    behind_s: float
    """From the end of the talk until nobody was behind."""
    outcome: Outcome
    looked_at: int
    """Items of which the ledger has made sure what became of them."""
    unaccounted: int
    set_aside: int

    @property
    def is_wrong(self) -> bool:
        missed = self.outcome.acknowledged - self.outcome.once
        unseen = self.outcome.acknowledged - self.looked_at
        said = self.outcome
        return bool(said.wrong or said.refused or missed or unseen > 0 or self.unaccounted or self.set_aside)


async def measure(
    cloud: Cloud, cause: Cause | InTurn, *, messages: int, pairs: int, rate: float | None = None
) -> Proof:
    """Leaves the cloud well. `rate`: messages a second; by default, those of a proof."""
    at_most_s = messages / min(RATE, messages / LEAST_S) if rate is None else messages / rate
    async with (
        _accounted(cloud) as ledger,
        Child("tests.bench.insistent", json.dumps(dict(cloud.app.outputs)), str(pairs)) as child,
    ):
        await child.hear(within_s=READY_WITHIN_S)
        child.tell({"messages": messages, "rate": messages / at_most_s})
        over = asyncio.Event()
        striking = asyncio.create_task(_struck(cause, cloud.faults, over))
        try:
            said = await child.hear(within_s=READY_WITHIN_S + 20 * at_most_s)
        finally:
            over.set()
            strikes = await striking
            await cloud.faults.clear()
        began = time.perf_counter()
        await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
        behind_s = time.perf_counter() - began
        child.tell({"settle": True})
        outcome = Outcome(**await child.hear(within_s=SETTLED_WITHIN_S))
        await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
        return Proof(
            strikes=strikes, seconds=said["seconds"], behind_s=behind_s, outcome=outcome, **await ledger.closed()
        )


class _Books:
    """What is accounted for from now on."""

    def __init__(self, cloud: Cloud, history: CommandHistory, letters: DeadLetterReader) -> None:
        self._cloud, self._history, self._letters = cloud, history, letters
        self._named = accounts.named(LOGS)
        self._set_aside = letters.ends()

    async def closed(self) -> Mapping[str, int]:
        """By the function, whose runs meanwhile count, and by another look from the place of then."""
        unaccounted, items = 0, 1
        async with asyncio.timeout(ACCOUNTED_WITHIN_S):
            while items:
                found = await invoked(self._cloud, "reconcile", b"{}")
                unaccounted += found.get("unaccounted", 0)
                items = found.get("items", 1)  # none: a store did not answer in time
        looked, lost = await asyncio.to_thread(self._look)
        return {
            "looked_at": looked,
            "unaccounted": max(unaccounted, lost, len(accounts.named(LOGS) - self._named)),
            "set_aside": len(await asyncio.to_thread(self._letters.since, self._set_aside)),
        }

    def _look(self) -> tuple[int, int]:
        with accounts.tables(self._cloud) as session:
            found = accounts.reconcile(self._history, session)()
        assert not found.age_ms, "the ledger did not come to the end"
        return found.items, found.unaccounted


@asynccontextmanager
async def _accounted(cloud: Cloud) -> AsyncIterator[_Books]:
    history = accounts.history(cloud)
    stretches = await asyncio.to_thread(history.stretches)
    await asyncio.to_thread(history.looked_at, {each: stretch.end for each, stretch in stretches.items()})
    letters = DeadLetterReader(cloud.engines["kafka"].address)
    yield await asyncio.to_thread(_Books, cloud, history, letters)


async def _struck(cause: Cause | InTurn, faults: Faults, over: asyncio.Event) -> int:
    """Again and again until it is over; how often."""
    strikes = 0
    while not over.is_set():
        strikes += await cause.strike(faults)
    return strikes


HEAD = (
    f"  {'fault':32}{'times':>6}{'talk s':>8}{'then s':>8}{'sent':>9}{'acked':>9}{'again':>7}{'once':>9}"
    f"{'live':>9}{'synced':>9}{'ledger':>9}{'unacc.':>8}{'aside':>7}{'wrong':>7}"
)


def row(name: str, proof: Proof) -> str:
    said = proof.outcome
    return (
        f"  {name:32}{proof.strikes:6}{proof.seconds:8.0f}{proof.behind_s:8.1f}{said.sent:9}{said.acknowledged:9}"
        f"{sum(said.repeated.values()):7}{said.once:9}{said.shown:9}{said.fetched:9}{proof.looked_at:9}"
        f"{proof.unaccounted:8}{proof.set_aside:7}{said.wrong:7}"
    )


def explained(proof: Proof) -> list[str]:
    """What is wrong, and why frames were repeated."""
    why = ", ".join(f"{count} {name}" for name, count in sorted(proof.outcome.repeated.items()))
    return [*([f"      again: {why}"] if why else []), *(f"      WRONG {each}" for each in proof.outcome.findings)]


def rounds(names: Sequence[str], *, in_turn: bool) -> Mapping[str, Cause | InTurn]:
    """What is proven one after the other, by the name that it is printed under."""
    if in_turn:
        return {f"{len(names)} in turn": InTurn([CAUSES[name] for name in names])}
    return {name: CAUSES[name] for name in names}


async def prove(causes: Mapping[str, Cause | InTurn], *, messages: int, pairs: int, secured: bool) -> bool:
    """Print a line for each as soon as it is known; whether all is well."""
    well = True
    async with Cloud(ROOT, secured=secured) as cloud:
        with limited(cloud, [LIFTED]):
            _show(HEAD)
            for name, cause in causes.items():
                proof = await measure(cloud, cause, messages=messages, pairs=pairs)
                _show(row(name, proof), *explained(proof))
                well = well and not proof.is_wrong
    return well


def _show(*lines: str) -> None:
    print("\n".join(lines), flush=True)  # noqa: T201


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.faults", description="Is nothing lost, whatever fails?")
    parser.add_argument("--messages", type=int, default=100_000, help="under each fault")
    parser.add_argument("--fault", nargs="+", choices=CAUSES, help="default: all that the cloud knows")
    parser.add_argument("--in-turn", action="store_true", help="all of them while the same messages are said")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--secured", action="store_true", help="with doors before the engines; needed for `cut-…`")
    asked = parser.parse_args()
    names = asked.fault or [name for name, cause in CAUSES.items() if cause.secured <= asked.secured]
    try:
        causes = rounds(names, in_turn=asked.in_turn)
        well = uvloop.run(prove(causes, messages=asked.messages, pairs=asked.pairs, secured=asked.secured))
    except FAILURES as failure:
        print(f"tests.bench.faults: {failure}", file=sys.stderr)  # noqa: T201
        return 1
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
