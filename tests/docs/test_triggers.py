"""The tables "What happens when" of docs/architecture.md: a row for all that makes a function run, and it is true."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

import pytest

from natter.wire.messages import COMMAND_FRAMES
from natter.wire.signals import SIGNAL_FRAMES
from tests.docs.test_documents import LINK, rows
from tests.docs.triggers import Triggers
from tests.documents import openapi
from tests.infra.templates import Templates

ROOT = Path(__file__).parents[2]
TABLES = (ROOT / "docs" / "architecture.md").read_text().split("## What happens when\n")[1].split("\n## ")[0]
USECASES = "shared/natter/usecases/"
CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Row:
    trigger: str
    functions: tuple[str, ...]
    """In this order: what follows is the last one's doing."""
    files: tuple[str, ...]
    """Paths in the repository."""
    then: frozenset[str]
    """All names in its last cell."""

    @property
    def usecases(self) -> set[str]:
        """Those among the files, as modules."""
        found = [each for each in self.files if each.startswith(USECASES)]
        return {each.removeprefix("shared/").removesuffix(".py").replace("/", ".") for each in found}


def _row(cells: list[str]) -> Row:
    when, functions, files, then = cells
    return Row(
        trigger=CODE.findall(when)[0],
        functions=tuple(CODE.findall(functions)),
        files=tuple(target.removeprefix("../") for target in LINK.findall(files)),
        then=frozenset(CODE.findall(then)),
    )


ROWS = [_row(cells) for cells in rows(TABLES) if cells[0] != "when"]


def http() -> dict[str, tuple[str, set[str]]]:
    """Each operation, with its function and the use cases that its handlers hold."""
    found: dict[str, tuple[str, set[str]]] = {}
    for function, routes in openapi.routes().items():
        for route in routes:
            _, usecases = found.setdefault(f"{route.method} {openapi.template(route.path)}", (function, set()))
            assert isinstance(route.handler, FunctionType)
            held = {type(cell.cell_contents).__module__ for cell in route.handler.__closure__ or ()}
            usecases |= {module for module in held if module.startswith("natter.usecases.")}
    return found


HTTP = http()


@pytest.fixture(scope="module")
def triggers(stages: Callable[[str], Templates]) -> Triggers:
    return Triggers(stages("dev"))


@pytest.fixture(scope="module")
def functions(triggers: Triggers) -> Mapping[str, set[str]]:
    """Of every trigger."""
    actions: dict[str, set[str]] = {action: set() for action in (*COMMAND_FRAMES, *SIGNAL_FRAMES)}
    return actions | triggers.functions() | {operation: {function} for operation, (function, _) in HTTP.items()}


class TestTables:
    def test_have_one_row_for_each_trigger(self, functions: Mapping[str, set[str]]) -> None:
        told = Counter(row.trigger for row in ROWS)
        missing = functions.keys() - told.keys()
        assert not missing, (
            f"add a row to 'What happens when' in docs/architecture.md for: {', '.join(sorted(missing))}"
        )
        assert [trigger for trigger, count in told.items() if count > 1] == [], "one row each"

    def test_have_no_row_for_what_does_not_exist(self, functions: Mapping[str, set[str]]) -> None:
        gone = {row.trigger for row in ROWS} - functions.keys()
        assert not gone, f"remove from 'What happens when' in docs/architecture.md: {', '.join(sorted(gone))}"

    def test_name_what_follows(self, triggers: Triggers) -> None:
        """Topics, queues and invocations: all that a function may set off, in one of its rows, and nothing else."""
        allowed = triggers.set_off()
        every = set().union(*allowed.values())
        for function, set_off in allowed.items():
            told = set().union(*(row.then for row in ROWS if row.functions[-1:] == (function,))) & every
            assert told == set_off, f"'then' in the rows of {function} and what infra/ grants it differ"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.trigger)
class TestRow:
    def test_names_its_functions(self, row: Row, functions: Mapping[str, set[str]]) -> None:
        assert set(row.functions) == functions[row.trigger], "as the templates, and for HTTP the handlers, say"

    def test_names_files_that_exist(self, row: Row) -> None:
        assert row.files
        assert [file for file in row.files if not (ROOT / file).is_file()] == []

    def test_starts_where_the_handler_goes_on(self, row: Row) -> None:
        if row.trigger in HTTP:
            assert row.usecases == HTTP[row.trigger][1], "the handler of this route calls other use cases"
        else:
            sources = [(ROOT / "functions" / name / "handler.py").read_text() for name in row.functions]
            astray = [module for module in row.usecases if not _leads_to(module, "".join(sources))]
            assert not astray, "no handler of this row has anything of it"

    def test_goes_on_with_what_has_a_row(self, row: Row) -> None:
        told = {each.trigger for each in ROWS}
        assert {name for name in row.then if name.startswith(("chat.", "natter-STAGE-", "$", "DELETE "))} <= told


def _leads_to(module: str, handler: str) -> bool:
    """Whether a handler imports the use case, or takes it ready-made from the engines."""
    return f"from {module} import" in handler or f"engines.{module.rpartition('.')[2]}" in handler
