"""What a check has found, for people to read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

type Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Row:
    """`warn` deploys, and somebody should know; `fail` does not deploy."""

    level: Level
    check: str
    found: str
    todo: str = ""
    """What to do about it."""


def lines(rows: Sequence[Row]) -> Iterator[str]:
    width = max(len(row.check) for row in rows)
    for row in rows:
        yield f"{row.level:5} {row.check:{width}}  {row.found}"
        if row.todo:
            yield f"{'':5} {'':{width}}  -> {row.todo}"


def may_deploy(rows: Sequence[Row]) -> bool:
    return all(row.level != "fail" for row in rows)
