"""
What it costs to be observed: twenty pairs who talk, in turn with functions that measure, trace and log as those of prod
do, and with functions that do nothing of it.

How they do nothing of it is written in `unobserved/python`, a layer that only this puts into functions: there is no
setting by which a stage could.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from infra.config import PROD
from local.cloud import Cloud
from local.model import Function
from tests.bench import processes
from tests.bench.child import Child
from tests.bench.hostile import READY_WITHIN_S, SAYS_WITHIN_S, talked
from tests.bench.warm import warmed
from tests.support.lag import caught_up

LAYER = Path(__file__).with_name("unobserved")
SERVICE, RATIO, LEVEL = "POWERTOOLS_SERVICE_NAME", "NATTER_TRACES__RATIO", "POWERTOOLS_LOG_LEVEL"
ON_THE_WAY = ("send", "persist", "push")
"""Whom a message between two who are there comes by."""
ENVIRONMENTS = 2
"""As many as there are processors; more of each begin when they are needed, before it counts."""
WARM_S = 3.0
PLATFORM = (b"START ", b"END ", b"REPORT ")
"""Lines that nobody's settings change."""
CAUGHT_UP_WITHIN_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Round:
    p50: float
    p99: float
    """Milliseconds from the call to the other's screen."""
    lost: int
    log_bytes: float
    """Of a message; without what the platform writes."""
    cpu_ms: Mapping[str, float]
    """Of a message, by group of processes."""

    @property
    def functions_ms(self) -> float:
        return sum(used for group, used in self.cpu_ms.items() if group in ON_THE_WAY)


def as_in_prod(function: Function) -> Function:
    environment = {**function.environment, LEVEL: PROD.log_level}
    if RATIO in environment:
        environment[RATIO] = str(PROD.traced)
    return replace(function, environment=environment)


def unobserved(function: Function) -> Function:
    environment = {**function.environment, "UNOBSERVED": function.handler}
    return replace(
        function, handler="unobserved.lambda_handler", layers=(*function.layers, LAYER), environment=environment
    )


MODES = {"observed": as_in_prod, "not observed": unobserved}


async def measure(cloud: Cloud, *, seconds: float, rounds: int) -> Mapping[str, Sequence[Round]]:
    """By mode, which take turns; who begins changes."""
    measured: dict[str, list[Round]] = {name: [] for name in MODES}
    async with Child("tests.bench.pairs", cloud.app.outputs["HttpUrl"]) as pairs:
        await pairs.hear(within_s=READY_WITHIN_S)
        for number in range(rounds):
            for name in list(MODES)[:: -1 if number % 2 else 1]:
                with _changed(cloud, name):
                    measured[name].append(await _round(cloud, pairs, seconds))
        pairs.tell(None)
        wrong = await pairs.hear(within_s=SAYS_WITHIN_S)
    assert not wrong, wrong
    assert not any(each.log_bytes for each in measured["not observed"]), "something was observed all the same"
    return measured


@contextmanager
def _changed(cloud: Cloud, mode: str) -> Iterator[None]:
    """All of Natter's own; those that are at work end first."""
    usual = [each for each in cloud.app.functions if SERVICE in each.environment]
    cloud.runtime.functions.redefine([MODES[mode](each) for each in usual])
    try:
        yield
    finally:
        cloud.runtime.functions.redefine(usual)


async def _round(cloud: Cloud, pairs: Child, seconds: float) -> Round:
    await warmed(cloud, ON_THE_WAY, number=ENVIRONMENTS)
    await talked(pairs, WARM_S)
    await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
    before, written = processes.usage(cloud), _sizes(cloud)
    said = await talked(pairs, seconds)
    await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
    used = processes.usage(cloud).since(before)
    return Round(
        p50=said["p50"],
        p99=said["p99"],
        lost=int(said["sent"] - said["shown"]),
        log_bytes=_printed(cloud, since=written) / said["sent"],
        cpu_ms={group: 1000 * took / said["sent"] for group, took in used.items()},
    )


def _logs(cloud: Cloud) -> Iterator[Path]:
    names = {function.name for function in cloud.app.functions}
    return (log for log in (cloud.root / ".local" / "logs").glob("*.log") if log.stem in names)


def _sizes(cloud: Cloud) -> Mapping[Path, int]:
    return {log: log.stat().st_size for log in _logs(cloud)}


def _printed(cloud: Cloud, *, since: Mapping[Path, int]) -> int:
    """Bytes that functions have written themselves."""
    printed = 0
    for log in _logs(cloud):
        with log.open("rb") as lines:
            lines.seek(since.get(log, 0))
            printed += sum(len(line) for line in lines if not line.startswith(PLATFORM))
    return printed


def table(measured: Mapping[str, Sequence[Round]]) -> list[str]:
    def row(name: str, values: Mapping[str, float], places: int = 2) -> str:
        on, off = (values[mode] for mode in MODES)
        return f"  {name:24}{on:12.{places}f}{off:14.{places}f}{on - off:12.{places}f}"

    def medians(name: str) -> dict[str, float]:
        return {mode: statistics.median(float(getattr(each, name)) for each in rounds) for mode, rounds in by_mode}

    by_mode = list(measured.items())
    cpu = {mode: processes.medians([each.cpu_ms for each in rounds]) for mode, rounds in by_mode}
    groups = sorted(cpu["observed"], key=lambda group: -cpu["observed"][group])
    return [
        f"what being observed costs, 20 pairs, 40 messages/s (medians of {len(measured['observed'])} rounds of each)",
        f"  {'':24}{'observed':>12}{'not-observed':>14}{'more':>12}",
        row("other screen p50 (ms)", medians("p50")),
        row("other screen p99 (ms)", medians("p99")),
        row("bytes of logs a message", medians("log_bytes"), 0),
        row("not shown", {mode: float(sum(each.lost for each in rounds)) for mode, rounds in by_mode}, 0),
        "  processor time per message (ms)",
        row("functions on the way", medians("functions_ms")),
        *(
            row(f"  {group}", {mode: cpu[mode].get(group, 0.0) for mode in MODES})
            for group in groups
            if cpu["observed"][group] >= processes.SHOWN_MS
        ),
        row("all", {mode: sum(cpu[mode].values()) for mode in MODES}),
    ]
