"""
In front of Cassandra: Amazon Keyspaces' TLS and its handshake with Signature Version 4.

The client begins with STARTUP, is asked who it is, and signs a nonce that it is given (the plugins that AWS publishes
for the drivers). From then on frames pass as they are. Version 4 of the native protocol, which is the one of Keyspaces.
"""

import asyncio
import hashlib
import secrets
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import quote

from .door import SIGN_IN_S, Line, Refused, both, carry, engine
from .identities import ALGORITHM, LATE, BadSignature, Identity, check, instant, signature, string_to_sign
from .role_door import RoleDoor

AUTHENTICATOR = "com.amazon.helenus.auth.HelenusAuthenticator"
"""What Keyspaces calls itself to drivers."""
VERSION = 4
_HEADER = struct.Struct("!BBhBi")
_ERROR, _STARTUP, _READY, _AUTHENTICATE, _OPTIONS = 0x00, 0x01, 0x02, 0x03, 0x05
_CHALLENGE, _RESPONSE, _SUCCESS = 0x0E, 0x0F, 0x10
_PROTOCOL_ERROR, _BAD_CREDENTIALS = 0x000A, 0x0100
_HELLO = b"SigV4\0\0"
_MOST_BYTES = 16 * 1024
"""Of a frame of somebody who has not said who they are."""


@dataclass(frozen=True)
class Frame:
    version: int
    stream: int
    operation: int
    body: bytes
    flags: int = 0

    def __bytes__(self) -> bytes:
        return _HEADER.pack(self.version, self.flags, self.stream, self.operation, len(self.body)) + self.body

    def answer(self, operation: int, body: bytes) -> "Frame":
        return Frame(0x80 | VERSION, self.stream, operation, body)


class CassandraDoor(RoleDoor[[]]):
    """`may`: whether a role may do anything at all with the tables."""

    name: ClassVar[str] = "cassandra"

    async def serve(self, client: Line) -> None:
        async with engine(self._behind) as cassandra:
            async with asyncio.timeout(SIGN_IN_S):
                startup = await self._begin(client, cassandra)
                last = await self._sign_in(client, startup)
                await cassandra.send(bytes(startup))
                if (await _read(cassandra)).operation != _READY:
                    raise Refused("Cassandra does not take the client's STARTUP")
                await client.send(bytes(last.answer(_SUCCESS, struct.pack("!i", -1))))
            self.admitted += 1
            await both(carry(client, cassandra), carry(cassandra, client))

    async def _begin(self, client: Line, cassandra: Line) -> Frame:
        """The client's STARTUP, after whatever it asks before."""
        while True:
            frame = await _read(client)
            if frame.version != VERSION:
                message = f"Invalid or unsupported protocol version ({frame.version}); the version is {VERSION}"
                await client.send(bytes(frame.answer(_ERROR, _error(_PROTOCOL_ERROR, message))))
                raise Refused(message)
            if frame.operation == _STARTUP:
                return frame
            if frame.operation != _OPTIONS:
                await client.send(bytes(frame.answer(_ERROR, _error(_PROTOCOL_ERROR, "STARTUP comes first"))))
                raise Refused("a client that begins with something else")
            await cassandra.send(bytes(frame))
            await client.send(bytes(await _read(cassandra)))

    async def _sign_in(self, client: Line, startup: Frame) -> Frame:
        """The frame that has to be told of the success."""
        nonce = secrets.token_hex(16)
        await client.send(bytes(startup.answer(_AUTHENTICATE, _text(AUTHENTICATOR))))
        hello = await _read(client)
        if hello.operation != _RESPONSE or _bytes(hello) != _HELLO:
            await self._refuse(client, hello, "the client does not sign in with SigV4")
        await client.send(bytes(hello.answer(_CHALLENGE, _long(f"nonce={nonce}".encode()))))
        response = await _read(client)
        try:
            identity = self._verified(_bytes(response).decode("ascii", "replace"), nonce, datetime.now(UTC))
        except BadSignature as error:
            await self._refuse(client, response, str(error))
        else:
            if not self._may(identity):
                await self._refuse(client, response, f"{identity.role} is not authorized to use any table")
        return response

    def _verified(self, text: str, nonce: str, now: datetime) -> Identity:
        given = dict(pair.partition("=")[::2] for pair in text.split(","))
        if missing := {"signature", "access_key", "amzdate"} - given.keys():
            raise BadSignature(f"the response has no {min(missing)}")
        identity = self._identities.of_key(given["access_key"], given.get("session_token", ""))
        check(given["signature"], expected_signature(identity, nonce, given["amzdate"], self._region))
        seconds = given["amzdate"].partition(".")[0].replace("-", "").replace(":", "")
        if abs(now - instant(f"{seconds}Z")) > LATE:
            raise BadSignature("Signature expired.")
        return identity

    @staticmethod
    async def _refuse(client: Line, frame: Frame, message: str) -> None:
        await client.send(bytes(frame.answer(_ERROR, _error(_BAD_CREDENTIALS, message))))
        raise Refused(message)


def expected_signature(identity: Identity, nonce: str, time: str, region: str) -> str:
    """Of a response to `nonce`, made at `time` (`2026-11-29T12:00:00.000Z`)."""
    scope = f"{time[:10].replace('-', '')}/{region}/cassandra/aws4_request"
    query = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{identity.access_key}/{scope}",
        "X-Amz-Date": time,
        "X-Amz-Expires": "900",
    }
    parameters = "&".join(f"{name}={_escaped(value)}" for name, value in sorted(query.items()))
    nonce_hash = hashlib.sha256(nonce.encode()).hexdigest()
    request = f"PUT\n/authenticate\n{parameters}\nhost:cassandra\n\nhost\n{nonce_hash}"
    return signature(identity.secret_key, scope, string_to_sign(time, scope, request))


def _escaped(text: str) -> str:
    return quote(text, safe="")


async def _read(line: Line) -> Frame:
    version, flags, stream, operation, length = _HEADER.unpack(await line.reader.readexactly(_HEADER.size))
    if not 0 <= length <= _MOST_BYTES:
        raise Refused("a frame of a length that none has before the client has signed in")
    return Frame(version, stream, operation, await line.reader.readexactly(length), flags)


def _text(value: str) -> bytes:
    return struct.pack("!H", len(value)) + value.encode()


def _long(value: bytes) -> bytes:
    return struct.pack("!i", len(value)) + value


def _bytes(frame: Frame) -> bytes:
    """What a response carries: its length, then that."""
    return frame.body[4:]


def _error(code: int, message: str) -> bytes:
    return struct.pack("!i", code) + _text(message)
