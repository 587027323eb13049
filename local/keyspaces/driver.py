"""The rules in front of every session of `cassandra-driver` in this process."""

import importlib.util
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .cql import Statement, read
from .rules import (
    Refusal,
    Switches,
    Tables,
    Value,
    refusal_of_batch,
    refusal_of_request,
    refusal_of_text,
    refusal_of_write,
)

VARIABLE = "LOCAL_KEYSPACES"
"""Set, workers are guarded; its value is from `encode`. The functions do not see it."""
DRIVER = "cassandra.cluster"


def encode(tables: Tables) -> str:
    return json.dumps([[*name, table.timestamps, table.ttl] for name, table in tables.items()])


def decode(text: str) -> Tables:
    return {(keyspace, name): Switches(timestamps, ttl) for keyspace, name, timestamps, ttl in json.loads(text)}


class Guard:
    """
    What `tables` say is on in them, and the rules. A statement that they refuse raises `InvalidRequest`.

    Also a line on standard error says so: an application may well take it for an outage. What is refused is not sent.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._prepared: dict[bytes, Statement] = {}
        self._remove: Callable[[], None] = lambda: None

    def install(self) -> None:
        """Guard all sessions from now on: at once, or when the driver is imported."""
        if DRIVER in sys.modules:
            self._wrap(sys.modules[DRIVER])
        else:
            sys.meta_path.insert(0, _OnImport(DRIVER, self._wrap))

    def remove(self) -> None:
        self._remove()

    def _wrap(self, driver: ModuleType) -> None:
        session = driver.Session
        create, prepare = session._create_response_future, session.prepare  # noqa: SLF001

        def guarded_create(this: Any, *arguments: Any, **more: Any) -> Any:
            """The only place where what is about to be sent stands as a whole, whoever wants to send it."""
            future = create(this, *arguments, **more)
            _refuse(self._refusal(future, this.keyspace))
            return future

        def guarded_prepare(this: Any, query: str, custom_payload: Any = None, keyspace: str | None = None) -> Any:
            statement = read(query)
            _refuse(refusal_of_text(statement, self._tables, keyspace or this.keyspace))
            prepared = prepare(this, query, custom_payload, keyspace)
            self._prepared[prepared.query_id] = statement
            return prepared

        def remove() -> None:
            session._create_response_future, session.prepare = create, prepare  # noqa: SLF001

        session._create_response_future, session.prepare = guarded_create, guarded_prepare  # noqa: SLF001
        self._remove = remove

    def _refusal(self, future: Any, keyspace: str | None) -> Refusal | None:
        message, now_us = future.message, time.time_ns() // 1000
        consistency = _level_names()[message.consistency_level]
        if hasattr(message, "query_id"):
            statement = self._known(message.query_id)
            return refusal_of_request(statement, consistency, message.query_params or (), now_us)
        if hasattr(message, "queries"):
            return self._refusal_of_batch(message, consistency, now_us, keyspace)
        statement = _read(message.query)
        return refusal_of_text(statement, self._tables, keyspace) or refusal_of_request(
            statement, consistency, (), now_us
        )

    def _refusal_of_batch(self, message: Any, consistency: str, now_us: int, keyspace: str | None) -> Refusal | None:
        added: Sequence[tuple[bool, Any, Sequence[Value]]] = message.queries
        statements = [self._known(query) if prepared else _read(query) for prepared, query, _ in added]
        written = zip(statements, (values for _, _, values in added), strict=True)
        texts = (statement for statement, (prepared, _, _) in zip(statements, added, strict=True) if not prepared)
        return (
            refusal_of_batch(message.batch_type.name, statements)
            or refusal_of_request(_BATCH, consistency, (), now_us)
            or _first(refusal_of_text(statement, self._tables, keyspace) for statement in texts)
            or _first(refusal_of_write(statement, values, now_us) for statement, values in written)
        )

    def _known(self, query_id: bytes) -> Statement:
        """What was prepared with the guard; of what was prepared before, nothing is known, and nothing refused."""
        return self._prepared.get(query_id, _UNKNOWN)


class _OnImport(MetaPathFinder):
    """Calls `then` with a module, right after it has been imported for the first time."""

    def __init__(self, name: str, then: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._then = then

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            loader, execute = spec.loader, spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self._then(module)

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


_BATCH = Statement(verb="BATCH")
_UNKNOWN = Statement(verb="")


@lru_cache(maxsize=256)
def _read(text: str) -> Statement:
    return read(text)


@lru_cache(maxsize=1)
def _level_names() -> dict[int, str]:
    from cassandra import ConsistencyLevel  # noqa: PLC0415

    return dict(ConsistencyLevel.value_to_name)


def _first(refusals: Iterator[Refusal | None]) -> Refusal | None:
    return next((refusal for refusal in refusals if refusal is not None), None)


def _refuse(refusal: Refusal | None) -> None:
    if refusal is None:
        return
    from cassandra import InvalidRequest  # noqa: PLC0415

    print(refusal, file=sys.stderr, flush=True)
    raise InvalidRequest(str(refusal))
