"""
What a client of Amazon Keyspaces asks for, in the words of IAM: `cassandra:Select` of whoever reads a table,
`cassandra:Modify` of whoever writes it, and one action each for definitions ("How Amazon Keyspaces works with IAM", and
the service's page in the Service Authorization Reference). Prepared statements are known by the id that Cassandra gave
them, whoever had them prepared.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from local.keyspaces.cql import Statement, read

from . import frames
from .calls import Call
from .frames import Content, Frame

MOST_PREPARED = 20_000
"""Statements that are known; one that was not used for longest is forgotten, and its clients prepare it anew."""
ABSENT = frozenset({"system_views", "system_virtual_schema"})
"""Keyspaces that Cassandra has and Amazon Keyspaces has not: drivers look whether they are there."""
_READS, _WRITES = "cassandra:Select", "cassandra:Modify"
_ACTIONS = {"SELECT": _READS, "INSERT": _WRITES, "UPDATE": _WRITES, "DELETE": _WRITES}
_PREPARED, _SET_KEYSPACE = 4, 3
"""Kinds of RESULT."""
_WITH_VALUES, _WITH_NAMES = 0x01, 0x40
"""Flags of what is executed."""


class Unknown(Exception):
    """Nobody has prepared the statement that is to be executed; `id` is what it was called."""

    def __init__(self, id_: bytes) -> None:
        super().__init__("a statement that was not prepared")
        self.id = id_


class Absent(Exception):
    """There is no such keyspace; the message names it."""


class Prepared:
    """What all connections have had prepared."""

    def __init__(self) -> None:
        self._calls: OrderedDict[bytes, tuple[Call, ...]] = OrderedDict()

    def learn(self, id_: bytes, calls: Sequence[Call]) -> None:
        self._calls[id_] = tuple(calls)
        self._calls.move_to_end(id_)
        if len(self._calls) > MOST_PREPARED:
            self._calls.popitem(last=False)

    def calls(self, id_: bytes) -> tuple[Call, ...]:
        """
        Raises:
            Unknown: it was not prepared, or long ago.
        """
        calls = self._calls.get(id_)
        if calls is None:
            raise Unknown(id_)
        self._calls.move_to_end(id_)
        return calls


class Conversation:
    """One connection: which keyspace it uses, and what it waits for."""

    def __init__(self, prepared: Prepared, place: str) -> None:
        """`place` is `arn:PARTITION:cassandra:REGION:ACCOUNT:`."""
        self._prepared = prepared
        self._place = place
        self._keyspace = ""
        self._preparing: dict[int, tuple[Call, ...]] = {}

    def calls(self, frame: Frame) -> tuple[Call, ...]:
        """
        What has to be allowed for this request.

        Raises:
            Unknown: it executes what was not prepared.
            Absent: it is about a keyspace that there is not.
            ValueError, struct.error: it is no request that is known here.
        """
        content = frame.content()
        match frame.operation:
            case frames.QUERY:
                return self._of_text(content.long_text())
            case frames.PREPARE:
                calls = self._preparing[frame.stream] = self._of_text(content.long_text())
                return calls
            case frames.EXECUTE:
                return tuple(_sized(self._prepared.calls(content.short_bytes()), _parameters(content)))
            case frames.BATCH:
                return tuple(self._of_batch(content))
            case frames.OPTIONS | frames.REGISTER:
                return ()
        raise ValueError(f"a request of the kind {frame.operation}")

    def hear(self, frame: Frame) -> None:
        """An answer on its way to the client."""
        calls = self._preparing.pop(frame.stream, None)
        if frame.operation != frames.RESULT:
            return
        content = frame.content()
        kind = content.int()
        if kind == _SET_KEYSPACE:
            self._keyspace = content.text()
        elif kind == _PREPARED and calls is not None:
            self._prepared.learn(content.short_bytes(), calls)

    def _of_batch(self, content: Content) -> Iterator[Call]:
        content.byte()  # logged, unlogged, or of counters
        for _ in range(content.short()):
            is_prepared = content.byte()
            calls = self._prepared.calls(content.short_bytes()) if is_prepared else self._of_text(content.long_text())
            yield from _sized(calls, _values(content))

    def _of_text(self, text: str) -> tuple[Call, ...]:
        return tuple(self._of_statement(read(text)))

    def _of_statement(self, statement: Statement) -> Iterator[Call]:
        for part in statement.parts:
            yield from self._of_statement(part)
        if statement.verb in {"", "USE", "BATCH"}:  # text that is none is Cassandra's to refuse
            return
        *stated, table = statement.table or ("",)
        keyspace = stated[0] if stated else self._keyspace
        if keyspace in ABSENT:
            raise Absent(f"keyspace {keyspace} does not exist")
        what, _, kind = statement.verb.partition(" ")
        action = _ACTIONS.get(what, f"cassandra:{what.title()}")
        if kind in {"", "TABLE"}:
            yield Call(action, f"{self._place}/keyspace/{keyspace}/table/{table}")
        else:  # a keyspace itself, or what has no name of its own in IAM, as types
            yield Call(action, f"{self._place}/keyspace/{table if kind == 'KEYSPACE' else keyspace}/")


def _sized(calls: Sequence[Call], size: int) -> Iterator[Call]:
    """Of one statement that carries so many bytes."""
    return (replace(call, size=size) for call in calls)


def _parameters(content: Content) -> int:
    """Bytes of the values with which something is executed."""
    content.short()  # consistency
    flags = content.byte()
    if not flags & _WITH_VALUES:
        return 0
    return _values(content, named=bool(flags & _WITH_NAMES))


def _values(content: Content, *, named: bool = False) -> int:
    size = 0
    for _ in range(content.short()):
        if named:
            content.text()
        size += len(content.value())
    return size
