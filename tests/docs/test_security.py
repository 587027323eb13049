"""What one user can make the system do (docs/security.md): each input has a row, and each row tests that exist."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, RootModel

from natter.wire.messages import COMMAND_FRAMES
from natter.wire.signals import SIGNAL_FRAMES
from tests.documents import openapi

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "security.md").read_text()


@dataclass(frozen=True)
class Row:
    inputs: tuple[str, ...]
    most: str
    tests: tuple[str, ...]


def rows() -> Iterator[Row]:
    for section in ("Frames", "HTTP"):
        for line in DOCUMENT.split(f"## {section}\n")[1].split("\n## ")[0].splitlines():
            if line.startswith("| `"):
                inputs, most, _, tests = (cell.strip() for cell in line.strip("|").split("|"))
                yield Row(tuple(_names(inputs)), most, tuple(_names(tests)))


def _names(cell: str) -> Iterable[str]:
    return re.findall(r"`([^`]+)`", cell)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _fields(model: type[BaseModel], prefix: str, separator: str = ".") -> Iterator[str]:
    if issubclass(model, RootModel):
        for each in _models(model.model_fields["root"].annotation):
            yield from _fields(each, prefix, separator)
        return
    for attribute, field in model.model_fields.items():
        name = field.alias or attribute
        yield f"{prefix}{separator}{name}"
        for each in _models(field.annotation):
            yield from _fields(each, f"{prefix}{separator}{name}")


OPENING = ("$connect?ticket", "$connect.Authorization", "$connect.Sec-WebSocket-Protocol")


def inputs() -> list[str]:
    """
    `ACTION.field`, `METHOD /path.field` of a body, `METHOD /path?field` of a query, `METHOD /path` where there is
    neither; and all that opens a connection.
    """
    found = list(OPENING)
    found += [each for action, model in {**COMMAND_FRAMES, **SIGNAL_FRAMES}.items() for each in _fields(model, action)]
    for routes in openapi.routes().values():
        for route in routes:
            operation = f"{route.method} {route.path}"
            found += _fields(route.body, operation) if route.body is not None else ()
            found += _fields(route.query, operation, "?") if route.query is not None else ()
            bare = not any(each.startswith((f"{operation}.", f"{operation}?")) for each in found)
            found += [operation] if bare else ()
    return list(dict.fromkeys(found))


INPUTS = inputs()
ROWS = list(rows())


def covers(name: str, each: str) -> bool:
    """`*` stands for any operation, never for a field: a new one needs a row of its own."""
    return each.endswith(name.removeprefix("*")) if name.startswith("*") else name == each


@pytest.mark.parametrize("each", INPUTS)
def test_an_input_has_a_row(each: str) -> None:
    assert [row for row in ROWS if any(covers(name, each) for name in row.inputs)] != []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.inputs[0])
class TestRow:
    def test_is_of_inputs_that_exist(self, row: Row) -> None:
        assert [name for name in row.inputs if not any(covers(name, each) for each in INPUTS)] == []

    def test_is_shown_by_tests_that_exist(self, row: Row) -> None:
        assert row.tests
        found = {name: ROOT.glob(f"tests/**/test_{name.partition('::')[0]}.py") for name in row.tests}
        missing = [
            name
            for name, paths in found.items()
            if not any(f"def {name.partition('::')[2]}(" in path.read_text() for path in paths)
        ]
        assert missing == []
