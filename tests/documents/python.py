"""The Python SDK's reference (clients/python/API.md): what its modules export, with signatures and docstrings."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe

from natter_client.errors import NatterError

SOURCES = Path(__file__).parents[2] / "clients/python/src"
MODULES = ("natter_client", "natter_client.sync", "natter_client.bots", "natter_client.testing")
ERRORS = {each.__name__: each for each in NatterError.__subclasses__()}
HEAD = """# Reference of natter_client

Written by `make docs` from the signatures and docstrings, so change those. What is not here is inside, and may change.
[README.md](README.md) is where to begin.
"""
type Node = Any
"""An object of griffe's, or an alias of one: its unions know less than each kind has."""
_RAISES = re.compile(r"(?m)^(Raises):\n((?: {4}.*(?:\n|$))+)")
_RAISED = re.compile(r"(?m)^ {4}(\w+)(:?)")
_OPERATORS = {"__aenter__": "async with", "__enter__": "with"}


def document() -> str:
    package = griffe.load("natter_client", search_paths=[str(SOURCES)], resolve_aliases=True)
    parts = [HEAD]
    for name in MODULES:
        module = package if name == "natter_client" else package[name.removeprefix("natter_client.")]
        parts += [f"## {name}\n", _text(module)]
        for each in sorted(map(str, module.exports or ())):
            if each not in ERRORS:
                parts += _entry(module[each])
    parts += ["## Errors\n", *_errors()]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def _errors() -> Iterator[str]:
    yield "What a retry helps, the client repeats by itself where it is about messages.\n"
    yield "| class | code | HTTP | retry | what to do |\n|---|---|---|---|---|"
    for name, each in sorted(ERRORS.items()):
        retry = "yes" if each.retryable else "no"
        yield f"| `{name}` | `{each.code}` | {each.status or ''} | {retry} | {each.advice} |"


def _entry(each: Node) -> Iterator[str]:
    if each.is_function:
        yield f"### `{_signature(each)}`\n"
        yield _text(each)
    elif each.is_class:
        bases = ", ".join(str(base) for base in each.bases if str(base) != "Exception")
        yield f"### class `{each.name}`{f' ({bases})' if bases else ''}\n"
        yield _text(each)
        for member in each.members.values():
            yield from _member(each, member)
    else:
        yield f"### `{each.name}`\n"
        yield _text(each)


def _member(owner: Node, each: Node) -> Iterator[str]:
    if each.name == "__init__" or each.name in _OPERATORS:
        if each.docstring is not None or (each.name == "__init__" and len(each.parameters) > 1):
            name = _OPERATORS.get(each.name, "")
            yield f"#### `{name} {owner.name}`\n" if name else f"#### `{_signature(each, owner.name)}`\n"
            yield _text(each)
    elif each.name.startswith("_"):
        return
    elif each.is_function:
        yield f"#### `{_signature(each)}`\n"
        yield _text(each)
    elif each.is_attribute and (each.annotation is not None or each.docstring is not None or each.value is not None):
        if "instance-attribute" in each.labels and "class-attribute" not in each.labels and each.docstring is None:
            return  # of the inside of `__init__`
        annotation = f": {each.annotation}" if each.annotation is not None else ""
        is_plain = each.value is not None and "dataclass" not in owner.labels and "property" not in each.labels
        yield f"* `{each.name}{annotation}{f' = {each.value}' if is_plain else ''}`{_after(each)}\n"


def _after(each: Node) -> str:
    text = " ".join(_text(each).split())
    return f": {text}" if text else ""


def _signature(each: Node, name: str | None = None) -> str:
    parameters = [parameter for parameter in each.parameters if parameter.name != "self"]
    shown, is_keyword = [], False
    for parameter in parameters:
        if parameter.kind is griffe.ParameterKind.keyword_only and not is_keyword:
            is_keyword = True
            shown.append("*")
        star = "*" if parameter.kind is griffe.ParameterKind.var_positional else ""
        is_keyword = is_keyword or bool(star)
        annotation = f": {parameter.annotation}" if parameter.annotation is not None else ""
        default = "" if parameter.default is None or star else f" = {parameter.default}"
        shown.append(f"{star}{parameter.name}{annotation}{default}")
    is_async = "async " if "async" in each.labels else ""
    returns = f" -> {each.returns}" if each.returns is not None and name is None else ""
    return f"{is_async}{name or each.name}({', '.join(shown)}){returns}"


def _text(each: Node) -> str:
    if each.docstring is None:
        return ""
    text = inspect.cleandoc(each.docstring.value)
    found = _RAISES.sub(lambda raises: "Raises:\n\n" + _RAISED.sub(r"* `\1`\2", raises[2]), text)
    return found + "\n"
