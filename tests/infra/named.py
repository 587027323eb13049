"""Which names some code mentions, and what stands before each that stands behind a dot, from its bytecode."""

import dis
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from types import CodeType
from typing import Any

ANY = "?"
"""For whatever has no name, or one that only this code knows it by."""


@dataclass(frozen=True)
class Named:
    """What some code names."""

    names: frozenset[str]
    of: dict[str, frozenset[str]] = field(compare=False)
    """Of each that stands behind a dot, what stands before it: a name, or `ANY` where that is no name."""


@cache
def read(code: CodeType) -> Named:
    names, of = {*code.co_names, *code.co_freevars}, dict[str, set[str]]()
    before = ""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_ATTR":
            of.setdefault(instruction.argval, set()).add(before)
        before = _before(instruction)
    for inner in (read(each) for each in code.co_consts if isinstance(each, CodeType)):
        names |= inner.names
        for name, each in inner.of.items():
            of.setdefault(name, set()).update(each)
    return Named(frozenset(names), {name: frozenset(each) for name, each in of.items()})


def _before(instruction: dis.Instruction) -> str:
    """The name that an instruction puts there for what stands behind it, `ANY` for what has none."""
    match instruction.opname, instruction.argval:
        case "LOAD_FAST_LOAD_FAST" | "STORE_FAST_LOAD_FAST", (_, str(name)):
            return name if name == "self" else ANY
        case "LOAD_ATTR" | "LOAD_DEREF" | "LOAD_GLOBAL", str(name):
            return name
        case "LOAD_FAST", "self":
            return "self"
        case "LOAD_CONST", _:
            return ""
    return ANY


def constants(code: CodeType) -> Iterator[Any]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from constants(each)
        else:
            yield each
