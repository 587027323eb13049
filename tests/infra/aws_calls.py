"""
Which operations of AWS a function's code calls, found by following it from its handler.

What is followed are the objects that the function was put together from (`wiring`): a method counts if something that
counts names it, and holds the object. A method that is named of an object which is not told apart counts for each that
is held there: rather one call too many, which shows as one without a grant, than one too few.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from types import CodeType, FunctionType, MappingProxyType, MethodType
from typing import Any

import botocore.session
from botocore import xform_name

from natter.bootstrap.clients import Clients
from tests.infra.named import ANY, constants, read

CLIENTS = {
    "natter.adapters.aws_lambda.exporter": "lambda",
    "natter.adapters.kms.access_tokens": "kms",
    "natter.adapters.outside.sinks": "sqs",
    "natter.adapters.postgres.client": "secretsmanager",
    "natter.adapters.postgres.rotation": "secretsmanager",
    "natter.adapters.s3.archives": "s3",
    "natter.adapters.s3.attachments": "s3",
    "natter.adapters.s3.client": "s3",
    "natter.adapters.secrets": "secretsmanager",
    "natter.adapters.sns.endpoints": "sns",
    "natter.adapters.sns.platforms": "sns",
    "natter.adapters.sns.push_service": "sns",
    "natter.adapters.sqs.client": "sqs",
    "natter.bootstrap.push_ports": "secretsmanager",
}
"""Modules that call a client of boto3, and of which service it is."""
BY_HAND = {
    ("natter.adapters.gateway.gateway", "_written"): "execute-api:ManageConnections",
    ("natter.adapters.valkey.client", "get_credentials"): "elasticache:Connect",
}
"""Methods that sign a request themselves, and what for."""
NOTHING: Mapping[str, Any] = MappingProxyType({})
_VARIABLE = re.compile(r"NATTER_\w+")
_MADE_OF_OTHERS = {"upload_fileobj", "generate_presigned_post"}
"""Methods of boto3's clients that are no operation of the service's."""
_ENTERED = ("natter.entrypoints.", "natter.telemetry.")
"""What calls the parts of a function in ways that cannot be read: all its methods count."""


@dataclass(frozen=True)
class Called:
    service: str
    operation: str
    """As boto3 names it; for what is signed by hand the action."""
    told: frozenset[str]
    """Variables from which whoever calls it has an address or ARN: that of what it is done to is among them."""


@dataclass(frozen=True)
class _Unit:
    """Some code that counts, and what it can call."""

    code: CodeType
    module: str
    names: dict[str, Any] = field(compare=False)
    """Globals."""
    owner: Any = field(compare=False, default=None)
    held: dict[str, Any] = field(compare=False, default_factory=dict)
    """By the names by which the code knows them: of closures, or given by who calls."""
    whose: tuple[int, ...] = ()
    """The identities of all these, by which two units are told apart."""


def calls_of(handler: Any) -> set[Called]:
    return {call for unit in _followed(handler) for call in _operations(unit)}


def methods_of(handler: Any, kind: type) -> set[str]:
    """Which methods of objects of that kind count."""
    return {unit.code.co_name for unit in _followed(handler) if isinstance(unit.owner, kind)}


def _followed(handler: Any) -> set[_Unit]:
    waiting, seen = list(_roots(handler)), set[_Unit]()
    while waiting:
        unit = waiting.pop()
        if unit not in seen:
            seen.add(unit)
            waiting += _named_by(unit)
    return seen


def _roots(handler: Any) -> Iterator[_Unit]:
    """All functions that the handler consists of: of routes, nobody here can tell which is called when."""
    waiting, seen = [handler], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, FunctionType):
            yield _of_function(each)
            waiting += _cells(each).values()
        elif isinstance(each, partial | MethodType | dict | list | tuple | set):
            yield from _whole(each)
            waiting += _parts(each)
        elif type(each).__module__.startswith(_ENTERED):
            yield from _all_of(each)
            waiting += _fields(each).values()


def _named_by(unit: _Unit) -> Iterator[_Unit]:
    """What the unit calls, or may: what it names of what it holds, and functions and classes of ours."""
    found = read(unit.code)
    reachable = unit.held | ({} if unit.owner is None else _fields(unit.owner))
    for name in found.names:
        of = found.of.get(name, frozenset())
        if unit.owner is not None and "self" in of:
            yield from _method(unit.owner, name)
        if name in reachable:
            yield from _whole(reachable[name], given=reachable)
        for holder, each in reachable.items():
            if ANY in of or holder in of:
                for part in _objects(each):
                    yield from _method(part, name)
        meant = unit.names.get(name)
        if getattr(meant, "__module__", "").startswith("natter.") and reachable:
            yield from _ours(meant, reachable)


def _ours(meant: Any, given: Mapping[str, Any]) -> Iterator[_Unit]:
    """A function, or class, of ours that is given some of what its caller holds."""
    held = {name: each for name, each in given.items() if _texts(each) or any(_leads(part) for part in _objects(each))}
    functions = [meant] if inspect.isfunction(meant) else []
    if inspect.isclass(meant) and held:
        functions = [each for each in vars(meant).values() if inspect.isfunction(each)]
    for each in functions:
        yield _Unit(each.__code__, each.__module__, each.__globals__, None, held, _whose(held))


def _operations(unit: _Unit) -> Iterator[Called]:
    names = read(unit.code).names
    held = unit.held if unit.owner is None else unit.held | _fields(unit.owner)
    told = frozenset(name for text in _texts(held) for name in _VARIABLE.findall(text))
    service = CLIENTS.get(unit.module)
    if service is not None:
        texts = {each for each in constants(unit.code) if isinstance(each, str)}
        for operation in (names | texts) & operations_of(service):
            yield Called(service, operation, told)
    if (action := BY_HAND.get((unit.module, unit.code.co_name))) is not None:
        yield Called(action.partition(":")[0], action, told)


@cache
def operations_of(service: str) -> frozenset[str]:
    model = botocore.session.get_session().get_service_model(service)
    return frozenset(xform_name(name) for name in model.operation_names) | _MADE_OF_OTHERS


def _whole(each: Any, given: Mapping[str, Any] = NOTHING) -> Iterator[_Unit]:
    """What is called if `each` itself is, by who holds what is `given`."""
    match each:
        case FunctionType():
            yield _of_function(each, given)
        case MethodType():
            yield from _method(each.__self__, each.__name__)
        case partial() | dict() | list() | tuple() | set():
            for part in _parts(each):
                yield from _whole(part, given)
        case Clients():  # the maker of all parts, where it makes one later
            return
        case _ if _is_ours(each) and not _is_of_another_kind(type(each)):
            yield from _method(each, "__call__")
        case _ if _is_ours(each):
            yield from _all_of(each)
        case _ if hasattr(each, "__wrapped__"):
            yield from _whole(each.__wrapped__, given)
        case _:  # of another library, which calls what of ours it holds
            for part in _foreign(each):
                yield from _all_of(part)


def _is_of_another_kind(kind: type) -> bool:
    """Whether it is what a library asks for, which calls its methods then."""
    own = ("natter.", "builtins", "typing", "abc", "pydantic", "enum", "collections")
    return not all(each.__module__.startswith(own) for each in kind.__mro__)


def _method(owner: Any, name: str) -> Iterator[_Unit]:
    if not _is_ours(owner):
        return
    found = inspect.getattr_static(type(owner), name, None)
    if isinstance(found, cached_property):
        found = found.func
    elif isinstance(found, property):
        found = found.fget
    elif isinstance(found, staticmethod | classmethod):
        found = found.__func__
    found = inspect.unwrap(found) if callable(found) else found
    if isinstance(found, FunctionType):
        yield _Unit(found.__code__, found.__module__, found.__globals__, owner, _cells(found), (id(owner),))


def _all_of(owner: Any) -> Iterator[_Unit]:
    for name, value in vars(type(owner)).items():
        if inspect.isfunction(value) and name != "__init__":
            yield from _method(owner, name)


def _of_function(each: FunctionType, given: Mapping[str, Any] = NOTHING) -> _Unit:
    """It is told what who calls it was told."""
    held = {name: value for name, value in given.items() if _texts(value)} | _cells(each)
    return _Unit(each.__code__, each.__module__, each.__globals__, None, held, _whose(held))


def _whose(held: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(sorted(id(value) for value in held.values()))


def _cells(each: FunctionType) -> dict[str, Any]:
    return dict(zip(each.__code__.co_freevars, (cell.cell_contents for cell in each.__closure__ or ()), strict=True))


def _fields(owner: Any) -> dict[str, Any]:
    slots = {name: getattr(owner, name) for name in getattr(type(owner), "__slots__", ()) if hasattr(owner, name)}
    return {**slots, **getattr(owner, "__dict__", {})}


def _parts(each: Any) -> Iterable[Any]:
    match each:
        case partial():
            return [each.func, *each.args, *each.keywords.values()]
        case MethodType():
            return [each.__self__]
        case dict():
            return list(each.values())
        case list() | tuple() | set():
            return list(each)
    return []


def _objects(each: Any) -> Iterator[Any]:
    """What of ours it is, or holds if it only holds others."""
    if _is_ours(each):
        yield each
    elif isinstance(each, partial | dict | list | tuple | set):
        for part in _parts(each):
            yield from _objects(part)


def _foreign(each: Any) -> Iterator[Any]:
    """Objects of ours that an object of another library holds, or the containers in it."""
    for value in getattr(each, "__dict__", {}).values():
        yield from _objects(value)


def _is_ours(each: Any) -> bool:
    return type(each).__module__.startswith("natter.") and not isinstance(each, type)


def _leads(each: Any) -> bool:
    """Whether it is worth following where it is given to others: it is no mere value."""
    return type(each).__module__.startswith(("natter.adapters.", "natter.usecases.", "natter.telemetry."))


def _texts(value: Any) -> set[str]:
    """Those that stand in for what is known at the deployment only."""
    match value:
        case str():
            return {value} if "NATTER_" in value else set()
        case dict() | list() | tuple() | set() | frozenset():
            parts = value.values() if isinstance(value, dict) else value
            return {text for part in parts for text in _texts(part)}
    return set()
