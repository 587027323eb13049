"""The tables of what the local cloud imitates: each row is shown by tests that exist, or says that it is not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "local-cloud.md").read_text()
SOURCE = re.compile(r"\[([\w-]+)\]")


@dataclass(frozen=True)
class Row:
    behaviour: str
    aws: str
    here: str
    tests: tuple[str, ...]


def rows() -> Iterator[Row]:
    section = DOCUMENT.split("## What is imitated, and how faithfully\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("| ") and not line.startswith("| behaviour"):
            behaviour, aws, here, tests = (cell.strip() for cell in line.strip("|").split(" | "))
            yield Row(behaviour, aws, here, tuple(re.findall(r"`([^`]+)`", tests)))


def defined_in(file: str) -> set[str]:
    """The tests of all files of that name."""
    found = ROOT.glob(f"tests/*/**/test_{file}.py")
    return {name for path in found for name in re.findall(r"def (test_\w+)\(", path.read_text())}


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row.behaviour)
class TestRow:
    def test_is_shown_by_a_test_or_not_imitated(self, row: Row) -> None:
        assert row.tests or row.here.startswith("not imitated")
        missing = [name for name in row.tests if name.partition("::")[2] not in defined_in(name.partition("::")[0])]
        assert missing == []

    def test_says_where_aws_says_so(self, row: Row) -> None:
        sources = SOURCE.findall(row.aws)
        assert sources
        assert [source for source in sources if f"\n[{source}]: https://docs.aws.amazon.com/" not in DOCUMENT] == []
