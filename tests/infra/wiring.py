"""
What each function's code uses of what it has to be granted, found by putting the function together.

Its parts are made as on AWS, and connect to nothing. Which of them its handler asks for tells the queues, topics and
the like. What it does with the tables is read in the source of the use cases that it came to hold: which methods of
`Timeline` and `EventStore` they call, and which statements those run.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from importlib import import_module
from types import FunctionType, MethodType
from typing import Any

import pytest

from natter.adapters.cassandra import event_store
from natter.adapters.cassandra.event_store import CassandraEventStore
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.bootstrap.engines import Engines

VALUES = {  # those of single things have the name of their variable in them, by which they are known again
    "NATTER_STAGE": "test",
    "BROKERS": "127.0.0.1:1",
    "KEYSPACE": "natter",
    "USER": "user",
    "CACHE": "cache",
    "DATABASE": "natter",
    "SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:1:secret:{name}",
    "SECRET_ARNS": '["arn:aws:secretsmanager:eu-central-1:1:secret:{name}"]',
    "APNS": "none",
    "APNS_SANDBOX": "none",
    "FCM": "none",
    "APNS_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:1:secret:{name}",
    "FCM_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:1:secret:{name}",
    "APPLICATIONS": "arn:aws:sns:eu-central-1:1:app",
    "KEY_ARNS": '["arn:aws:kms:eu-central-1:1:key/{name}"]',
    "HOSTS": '["push.example"]',
    "BUCKET": "bucket",
    "QUEUE_URL": "https://queue/{name}",
    "FUNCTION": "export",
    "PER_ADDRESS": "true",
}
_DECIDING = ("natter.usecases.", "natter.domain.")
"""Where rows are made."""
STORES = (CassandraTimeline, CassandraEventStore)
_TABLE = re.compile(r"(?:FROM|INTO|UPDATE) (\w+)")

type Store = type[CassandraTimeline | CassandraEventStore]


@dataclass(frozen=True)
class Uses:
    parts: frozenset[str]
    """Names of properties of `Engines`."""
    read: frozenset[str]
    written: frozenset[str]
    """Tables."""


def uses_of(function: str, variables: Mapping[str, Any], patch: pytest.MonkeyPatch) -> Uses:
    handler, parts = assembled(function, variables, patch)
    calls = {call for each in _held_by(handler) for call in _calls_of(each)}
    read = {table for store, method in calls if store is CassandraTimeline for table in _tables(store, method)}
    return Uses(frozenset(parts), frozenset(read), frozenset(_written(calls, handler)))


def assembled(function: str, variables: Mapping[str, Any], patch: pytest.MonkeyPatch) -> tuple[Any, set[str]]:
    """
    Its handler, and the names of those properties of `Engines` that it was made of.

    `variables` are those of its environment; of values that are known at the deployment only others stand in.
    """
    patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for name, value in variables.items():
        if name.startswith("NATTER_"):
            patch.setenv(name, value if isinstance(value, str) else _stand_in(name))
    module = import_module(f"functions.{function}.handler")
    parts: set[str] = set()
    patch.setattr(module, "Engines", partial(_Watched, parts))
    begin = inspect.getclosurevars(module.lambda_handler).nonlocals["begin"]
    return inspect.getclosurevars(begin).nonlocals["make"](), parts


def _stand_in(name: str) -> str:
    kind = name.rpartition("__")[2]
    if kind == "ENDPOINT":
        urls = {"SOCKETS": "https://sockets", "TRACES": "https://traces/v1/traces"}
        return next((url for dependency, url in urls.items() if dependency in name), "127.0.0.1:1")
    if kind == "URL":
        return "wss://sockets" if "SOCKETS" in name else "https://outside"
    return VALUES[kind].replace("{name}", name)


class _Watched(Engines):
    """Remembers which of its properties were asked for, by the function or by each other."""

    def __init__(self, parts: set[str], settings: Any) -> None:
        super().__init__(settings)
        self._parts = parts

    def __getattribute__(self, name: str) -> Any:
        if isinstance(inspect.getattr_static(type(self), name, None), cached_property):
            self._parts.add(name)
        return super().__getattribute__(name)

    def warm(self, *connects: Callable[[], object]) -> None:
        """Connects to nothing."""


def _held_by(value: Any) -> Iterator[Any]:
    """All objects of ours that can be reached from it."""
    waiting, seen = [value], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        match each:
            case FunctionType():
                waiting += [cell.cell_contents for cell in each.__closure__ or ()]
            case MethodType():
                waiting.append(each.__self__)
            case partial():
                waiting += [each.func, *each.args, *each.keywords.values()]
            case list() | tuple() | set():
                waiting += each
            case dict():
                waiting += each.values()
            case _ if type(each).__module__.startswith("natter."):
                yield each
                waiting += getattr(each, "__dict__", {}).values()
                waiting += [getattr(each, name) for name in getattr(type(each), "__slots__", ()) if hasattr(each, name)]


def _calls_of(held: Any) -> Iterator[tuple[Store, str]]:
    """Which methods of the stores a use case calls, itself or by what it makes and calls with them."""
    kind = type(held)
    if not kind.__module__.startswith("natter.usecases."):
        return
    for name, value in vars(held).items():
        for store in STORES:
            if isinstance(value, store):
                yield from _calls(kind, f"self.{name}", store)


def _calls(code: Any, expression: str, store: Store) -> set[tuple[Store, str]]:
    """Of a class or function in which `expression` is the store."""
    found: set[tuple[Store, str]] = set()
    for node in ast.walk(_parsed(code)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == expression:
            found.add((store, node.attr))
        if isinstance(node, ast.Call):
            for name, argument in _given(node, code):
                if ast.unparse(argument) == expression:
                    callee = _resolved(node.func, code)
                    found |= _calls(callee, f"self.{name}" if inspect.isclass(callee) else name, store)
    return {(store, name) for store, name in found if hasattr(store, name)}


def _given(call: ast.Call, code: Any) -> Iterator[tuple[str, ast.expr]]:
    """Its arguments with the names of the parameters."""
    yield from ((each.arg, each.value) for each in call.keywords if each.arg)
    if call.args and (callee := _resolved(call.func, code)) is not None:
        names = [name for name in inspect.signature(callee).parameters if name != "self"]
        yield from zip(names, call.args, strict=False)


def _resolved(callee: ast.expr, code: Any) -> Any:
    """What a name stands for in the module, if it is something of ours."""
    found = getattr(sys.modules[code.__module__], callee.id, None) if isinstance(callee, ast.Name) else None
    ours = getattr(found, "__module__", "").startswith("natter.")
    return found if ours and (inspect.isclass(found) or inspect.isfunction(found)) else None


@cache
def _parsed(code: Any) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(code)))


def _tables(store: Store, method: str) -> set[str]:
    """Of the statements that a method runs, itself or by others of its module."""
    return set(_tables_in(inspect.getattr_static(store, method), store, set()))


def _tables_in(code: Any, store: Store, seen: set[Any]) -> Iterator[str]:
    if code in seen:
        return
    seen.add(code)
    for node in ast.walk(_parsed(code)):
        if isinstance(node, ast.Name):
            meant = getattr(sys.modules[code.__module__], node.id, None)
            if isinstance(meant, str):
                yield from _TABLE.findall(meant)
            elif inspect.isfunction(meant) and meant.__module__ == code.__module__:
                yield from _tables_in(meant, store, seen)
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
            helper = inspect.getattr_static(store, node.attr, None)
            if inspect.isfunction(helper):
                yield from _tables_in(helper, store, seen)


def _written(calls: set[tuple[Store, str]], handler: Any) -> Iterator[str]:
    """Which rows `write` is given, those say that are named by the use cases and by what of the domain they name."""
    for store, method in calls:
        if store is CassandraEventStore and method != "write":
            yield from _tables(store, method)
    if (CassandraEventStore, "write") in calls:
        named = _named_by({type(each) for each in _held_by(handler) if _writes(each)})
        yield from (table for row, tables in _tables_of_rows().items() if row in named for table in tables)


def _writes(held: Any) -> bool:
    return (CassandraEventStore, "write") in set(_calls_of(held))


def _named_by(codes: set[Any]) -> set[str]:
    """The names of all classes and functions that `codes` name, or these, and so on."""
    waiting, seen = list(codes), set(codes)
    while waiting:
        code = waiting.pop()
        for node in ast.walk(_parsed(code)):
            meant = _resolved(node, code) if isinstance(node, ast.Name) else None
            if meant is not None and meant not in seen and meant.__module__.startswith(_DECIDING):
                seen.add(meant)
                waiting.append(meant)
    return {each.__name__ for each in seen}


def _tables_of_rows() -> dict[str, set[str]]:
    """By the name of a row's class, into which tables `EventStore.write` writes it."""
    (match,) = [node for node in ast.walk(_parsed(event_store._write)) if isinstance(node, ast.Match)]
    found = {}
    for case in match.cases:
        assert isinstance(case.pattern, ast.MatchClass)
        names = [node.id for part in case.body for node in ast.walk(part) if isinstance(node, ast.Name)]
        statements = [text for name in names if isinstance(text := getattr(event_store, name, None), str)]
        found[ast.unparse(case.pattern.cls)] = {table for text in statements for table in _TABLE.findall(text)}
    return found
