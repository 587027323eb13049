"""
In front of PostgreSQL: RDS Proxy, as far as a client that it does not pool can tell.

It wants TLS, takes no options at the start of a session, knows only the roles whose secrets it has, keeps a count of
the sessions that pin a connection and why, and cuts those that say nothing for long. Passwords pass through it.
"""

import asyncio
import ssl
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import ClassVar

from .door import SIGN_IN_S, Door, Line, Refused, both, carry, engine
from .ledger import Ledger
from .pinning import pins

IDLE_S = 1800.0
"""The default of `IdleClientTimeout`."""
LIFE_S = 24 * 3600.0
"""No client stays for longer, however busy ("Quotas and limitations for RDS Proxy")."""
_UNSUPPORTED = "Feature not supported: RDS Proxy currently doesn’t support"  # noqa: RUF001 - its own apostrophe
_MOST_BYTES = 10_000
"""Of a startup packet, as in PostgreSQL."""
_TLS, _GSS, _CANCEL, _VERSION_3 = 80877103, 80877104, 80877102, 3
_EXECUTED = (b"Q", b"E")
"""A simple query; the execution of a statement that was prepared."""
_TAKEN = frozenset(
    {"application_name", "client_encoding", "database", "datestyle", "extra_float_digits", "timezone", "user"}
)


class PostgresDoor(Door):
    name: ClassVar[str] = "postgres"

    def __init__(self, port: int, *, tls: ssl.SSLContext, behind: str, ledger: Ledger, idle_s: float = IDLE_S) -> None:
        super().__init__(port, tls=None)
        self._ledger = ledger
        self.idle_s = idle_s
        self.roles: set[str] = set()
        self.pinned: Counter[str] = Counter()
        """Sessions, by why they were pinned first."""
        self.queries = 0
        """All that clients had executed."""
        self._context = tls
        self._behind = behind

    def status(self) -> dict[str, int]:
        return super().status() | {"pinned": self.pinned.total(), "roles": len(self.roles), "queries": self.queries}

    async def serve(self, client: Line) -> None:
        async with asyncio.timeout(SIGN_IN_S):
            packet = await self._first(client)
        async with engine(self._behind) as postgres:
            await postgres.send(packet)
            self.admitted += 1
            self._ledger.admit(self.name, _settings(packet).get("user", "who cancels a request"))
            session = Session(self.pinned)
            async with asyncio.timeout(LIFE_S):
                await both(self._listen(client, postgres, session), carry(postgres, client))

    async def _first(self, client: Line) -> bytes:
        """The packet that PostgreSQL is to see first."""
        encrypted = False
        while True:
            code, packet = await _startup(client)
            if code == _TLS and not encrypted:
                await client.send(b"S")
                await client.writer.start_tls(self._context)
                encrypted = True
            elif code == _GSS:
                await client.send(b"N")
            elif code == _CANCEL:
                return packet
            else:
                objection = self._objection(code, _settings(packet), encrypted=encrypted)
                if objection is not None:
                    await _refuse(client, *objection)
                return packet

    def _objection(self, code: int, settings: Mapping[str, str], *, encrypted: bool) -> tuple[str, str] | None:
        """SQLSTATE and message, if such a session is not begun."""
        role, unknown = settings.get("user", ""), sorted(settings.keys() - _TAKEN - {"options"})
        if code >> 16 != _VERSION_3:
            return "0A000", f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}"
        if not encrypted:
            return "28000", "This RDS Proxy requires TLS connections"
        if settings.get("options"):
            return "0A000", f"{_UNSUPPORTED} command-line options."
        if unknown:
            return "0A000", f"{_UNSUPPORTED} the option {unknown[0]}."
        if role not in self.roles:
            advice = "Check the credentials for this role and try again."
            return "28000", f"This RDS proxy has no credentials for the role {role}. {advice}"
        return None

    async def _listen(self, client: Line, postgres: Line, session: "Session") -> None:
        while True:
            async with asyncio.timeout(self.idle_s):
                data = await client.reader.read(65536)
            if not data:
                return
            self.queries += session.hear(data)
            await postgres.send(data)


class Session:
    """What a client has said since it began; counts it among `pinned` at most once."""

    def __init__(self, pinned: Counter[str]) -> None:
        self._pinned = pinned
        self._rest = b""
        self._done = False

    def hear(self, data: bytes) -> int:
        """How much it has executed."""
        executed = 0
        for kind, body in self._messages(data):
            executed += kind in _EXECUTED
            if not self._done and (reason := _reason(kind, body)) is not None:
                self._pinned[reason] += 1
                self._done = True
        return executed

    def _messages(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Type and body of each that is complete."""
        buffer, at = self._rest + data, 0
        while len(buffer) >= at + 5:
            end = at + 1 + int.from_bytes(buffer[at + 1 : at + 5])
            if len(buffer) < end:
                break
            yield buffer[at : at + 1], buffer[at + 5 : end]
            at = end
        self._rest = buffer[at:]


def _reason(kind: bytes, body: bytes) -> str | None:
    if kind == b"Q":
        return pins(body.rstrip(b"\0").decode("utf-8", "replace"))
    if kind == b"P":
        name, _, rest = body.partition(b"\0")
        return pins(rest.partition(b"\0")[0].decode("utf-8", "replace"), name=name.decode("utf-8", "replace"))
    return None


async def _startup(client: Line) -> tuple[int, bytes]:
    """Code and whole of a packet as they come before the session has begun."""
    head = await client.reader.readexactly(8)
    length, code = struct.unpack("!ii", head)
    if not len(head) <= length <= _MOST_BYTES:
        raise Refused("a startup packet of a length that none has")
    return code, head + await client.reader.readexactly(length - len(head))


def _settings(packet: bytes) -> dict[str, str]:
    """Of a startup packet, their names in lower case."""
    words = packet[8:].decode("utf-8", "replace").split("\0")
    return {name.lower(): value for name, value in zip(words[::2], words[1::2], strict=False) if name}


async def _refuse(client: Line, state: str, message: str) -> None:
    fields = {"S": "FATAL", "V": "FATAL", "C": state, "M": message}
    body = b"".join(f"{name}{value}\0".encode() for name, value in fields.items()) + b"\0"
    await client.send(b"E" + struct.pack("!i", len(body) + 4) + body)
    raise Refused(message)
