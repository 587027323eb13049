"""Reads the tables that benchmarks print, of whichever revision, as numbers with names."""

import re
from collections.abc import Iterator, Mapping, Sequence

type Figures = Mapping[str, float]
"""By where they stand: the table's first word or two, the row, and the column if it has several."""

_ROW = re.compile(r"^\s{2,}(?P<row>\S.*?)\s+(?P<numbers>-?\d+(?:\.\d+)?(?:\s+-?\d+(?:\.\d+)?)*)$")
_COLUMNS = re.compile(r"^\s{10,}(?P<names>\S+(?:\s+\S+)*)$")


def figures(lines: Sequence[str]) -> Figures:
    """All of a run; where a table is printed twice, the later one."""
    return dict(_figures(lines))


def _figures(lines: Sequence[str]) -> Iterator[tuple[str, float]]:
    title, columns = "", list[str]()
    for line in lines:
        if line and not line.startswith(" "):
            title, columns = line.partition(",")[0], []
        elif found := _ROW.match(line):
            yield from _named(f"{title}: {found['row']}", columns, found["numbers"].split())
        elif found := _COLUMNS.match(line):
            columns = found["names"].split()


def _named(row: str, columns: Sequence[str], numbers: Sequence[str]) -> Iterator[tuple[str, float]]:
    if len(numbers) == 1:
        yield row, float(numbers[0])
        return
    names = columns if len(columns) == len(numbers) else [str(number) for number in range(1, len(numbers) + 1)]
    for name, number in zip(names, numbers, strict=True):
        yield f"{row}, {name}", float(number)
