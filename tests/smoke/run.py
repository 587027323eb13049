"""Checks one after the other: what each found, and how long it took."""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from local.status import table

LONGEST_NOTE = 300

type Step = Callable[[], Awaitable[str]]
"""Returns what is worth telling; raises what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Check:
    name: str
    promises: str
    """Which of docs/architecture.md it looks at, as far as they show from outside."""
    step: Step
    needs: tuple[str, ...] = ()
    """Checks without whose success this one has nothing to look at."""
    always: bool = False
    """Runs whatever happened before: it tidies up."""


@dataclass(frozen=True, kw_only=True)
class Row:
    check: str
    promises: str
    result: str
    """`ok`, `FAILED` or `skipped`."""
    ms: int | None
    note: str


async def run(checks: Sequence[Check]) -> list[Row]:
    """Every check in its turn; one that needs what has failed is skipped."""
    rows: list[Row] = []
    passed: set[str] = set()
    for check in checks:
        missing = [name for name in check.needs if name not in passed]
        row = _skipped(check, missing) if missing and not check.always else await _tried(check)
        if row.result == "ok":
            passed.add(check.name)
        rows.append(row)
    return rows


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """A table for people to read."""
    columns = ("result", "ms", "promises", "")
    yield from table("check", columns, [(row.check, row.result, row.ms, row.promises, row.note) for row in rows])


def is_good(rows: Sequence[Row]) -> bool:
    return all(row.result == "ok" for row in rows)


def _skipped(check: Check, missing: Sequence[str]) -> Row:
    note = f"needs: {', '.join(missing)}"
    return Row(check=check.name, promises=check.promises, result="skipped", ms=None, note=note)


async def _tried(check: Check) -> Row:
    began = time.perf_counter()
    try:
        result, note = "ok", await check.step()
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is the row's answer
        result, note = "FAILED", f"{type(failure).__name__}: {failure}".replace("\n", " ")[:LONGEST_NOTE]
    ms = round(1000 * (time.perf_counter() - began))
    return Row(check=check.name, promises=check.promises, result=result, ms=ms, note=note)
