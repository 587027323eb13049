"""
In front of Kafka: MSK with TLS and IAM.

The client says SASL/OAUTHBEARER; its token is a presigned request `kafka-cluster:Connect` in base64, as AWS's signers
make it. The broker itself cannot check one (its validators want a JWT), so the door answers the two requests of the
handshake, also when they come again before the token has run out (KIP-368), and lets all others through, to a listener
that advertises the door's address. SaslAuthenticate is answered up to version 1, which is what librdkafka speaks.

To the broker the door says which role it is that comes: with the two requests of its own, and a token that nobody has
signed (an unsecured JWS, RFC 7515, appendix A.5). What the role may do is then the broker's to decide, see `acls`, and
its to refuse. One thing it does not refuse, and MSK does: a producer that is to write each record once needs
`kafka-cluster:WriteDataIdempotently`, where Kafka since 2.8 is content with a topic that it may write.
"""

import asyncio
import base64
import binascii
import json
import re
import struct
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from .acls import IDEMPOTENTLY
from .calls import Call
from .door import SIGN_IN_S, Line, Refused, both, engine
from .identities import BadSignature, Identity, Presigned, read_presigned
from .role_door import RoleDoor

MECHANISM = "OAUTHBEARER"
LONGEST_S = 900
_VERSIONS, _HANDSHAKE, _AUTHENTICATE, _INIT_PRODUCER = 18, 17, 36, 22
_CLUSTER_REFUSED, _UNSUPPORTED_MECHANISM, _FAILED = 31, 33, 58
_NEWEST = 1
_MOST_BYTES = 64 * 1024
"""Of a request of somebody who has not said who they are."""
_SHORTEST = 14
"""Of a request: length, key, version, correlation id, and the length of the client's name."""
_LARGEST = 100 * 1024 * 1024
"""Of any request: `socket.request.max.bytes`."""
_TOKEN = re.compile(rb"\x01auth=Bearer ([^\x01]+)\x01")
_ADDED_LATER = frozenset({"User-Agent"})
_TAGGED_SINCE = 2
"""The version of InitProducerId from which on its answer has tagged fields."""


@dataclass(frozen=True)
class Request:
    frame: bytes
    """As it came, its length before it."""
    key: int
    version: int
    correlation: bytes
    body: bytes
    """Behind a header without tagged fields."""

    def answer(self, body: bytes) -> bytes:
        return struct.pack("!i", len(self.correlation) + len(body)) + self.correlation + body


class KafkaDoor(RoleDoor):
    name: ClassVar[str] = "kafka"
    clusters: tuple[str, ...] = ()
    """ARNs of the cluster for which the broker stands."""

    async def serve(self, client: Line) -> None:
        async with engine(self._behind) as broker:
            async with asyncio.timeout(SIGN_IN_S):
                signed = await self._sign_in(client, broker)
                await _introduce(broker, signed.identity.role)
            self._admit(signed.identity)
            async with asyncio.timeout(_left_s(signed)) as session:
                await both(self._ask(client, broker, signed.identity, session), _answers(broker, client))

    async def _sign_in(self, client: Line, broker: Line) -> Presigned:
        """Lets through or answers what a handshake consists of, and nothing else."""
        while True:
            request = await _read(client, _MOST_BYTES)
            if request.key == _VERSIONS:
                await broker.send(request.frame)
                await client.send(await _frame(broker, _MOST_BYTES))
            elif request.key == _HANDSHAKE:
                await _offer(client, request)
            elif request.key == _AUTHENTICATE:
                return await self._authenticate(client, request)
            else:
                raise Refused(f"a client that asks for {request.key} before it has signed in")

    async def _ask(self, client: Line, broker: Line, identity: Identity, session: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        while True:
            request = await _read(client, _LARGEST)
            if request.key == _HANDSHAKE:
                await _offer(client, request)
            elif request.key == _AUTHENTICATE:
                signed = await self._authenticate(client, request)
                if signed.identity is not identity:
                    raise Refused("another role than before")
                session.reschedule(loop.time() + _left_s(signed))
            elif request.key == _INIT_PRODUCER and not self._may(identity, IDEMPOTENTLY):
                self.refused += 1
                await client.send(request.answer(_no_producer(request)))
            else:
                await broker.send(request.frame)

    def _may(self, identity: Identity, action: str) -> bool:
        calls = (Call(action, arn) for arn in self.clusters)
        return bool(self.clusters) and self._access.refusal(self.name, identity.role, *calls) is None

    async def _authenticate(self, client: Line, request: Request) -> Presigned:
        if request.version > _NEWEST:
            raise Refused(f"SaslAuthenticate of version {request.version}")
        try:
            signed = self._verified(request.body[4:])
        except BadSignature as error:
            await client.send(request.answer(_outcome(request, _FAILED, f"[{uuid.uuid4()}]: Access denied")))
            raise Refused(str(error)) from error
        await client.send(request.answer(_outcome(request, 0, None, lifetime_ms=int(_left_s(signed) * 1000))))
        return signed

    def _verified(self, message: bytes) -> Presigned:
        found = _TOKEN.search(message)
        if found is None:
            raise BadSignature("there is no token")
        token = found.group(1)
        try:
            url = base64.urlsafe_b64decode(token + b"=" * (-len(token) % 4)).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            raise BadSignature("the token is not a URL") from None
        signed = read_presigned(
            url.removeprefix("https://"),
            self._identities,
            service="kafka-cluster",
            region=self._region,
            now=datetime.now(UTC),
            longest_s=LONGEST_S,
            unsigned=_ADDED_LATER,
        )
        wanted = "kafka-cluster:Connect"
        if signed.parameters.get("Action") != wanted or not self._may(signed.identity, wanted):
            raise BadSignature(f"{signed.identity.role} may not connect to the cluster")
        return signed


async def _introduce(broker: Line, role: str) -> None:
    """
    Sign in to the broker as `role`.

    Raises:
        Refused: it does not take that.
    """
    claims = {"sub": role, "exp": datetime.now(UTC).timestamp() + LONGEST_S}
    message = f"n,,\x01auth=Bearer {_jose({'alg': 'none'})}.{_jose(claims)}.\x01\x01".encode()
    for key, body in ((_HANDSHAKE, _text(MECHANISM)), (_AUTHENTICATE, struct.pack("!i", len(message)) + message)):
        request = struct.pack("!hhih", key, _NEWEST, 0, -1) + body
        await broker.send(struct.pack("!i", len(request)) + request)
        (error,) = struct.unpack_from("!h", await _frame(broker, _MOST_BYTES), 8)
        if error:
            raise Refused(f"the broker does not take {role} in: {error}")


def _jose(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _no_producer(request: Request) -> bytes:
    """Of InitProducerId: no id, because the cluster does not allow it."""
    tags = b"\0" if request.version >= _TAGGED_SINCE else b""
    return tags + struct.pack("!ihqh", 0, _CLUSTER_REFUSED, -1, -1) + tags


def _left_s(signed: Presigned) -> float:
    return (signed.expires - datetime.now(UTC)).total_seconds()


async def _offer(client: Line, request: Request) -> None:
    """Answer which mechanisms there are; the client has named the one that it means to use."""
    (length,) = struct.unpack_from("!h", request.body)
    known = request.body[2 : 2 + length] == MECHANISM.encode()
    mechanisms = struct.pack("!i", 1) + _text(MECHANISM)
    await client.send(request.answer(struct.pack("!h", 0 if known else _UNSUPPORTED_MECHANISM) + mechanisms))
    if not known:
        raise Refused("a client that signs in otherwise than with OAUTHBEARER")


def _outcome(request: Request, error: int, message: str | None, *, lifetime_ms: int = 0) -> bytes:
    told = struct.pack("!h", -1) if message is None else _text(message)
    lifetime = struct.pack("!q", lifetime_ms) if request.version else b""
    return struct.pack("!h", error) + told + struct.pack("!i", 0) + lifetime


def _text(value: str) -> bytes:
    return struct.pack("!h", len(value)) + value.encode()


async def _answers(broker: Line, client: Line) -> None:
    """Whole, each of them: one of the door's own may come between two, but not into one."""
    while True:
        await client.send(await _frame(broker, _LARGEST))


async def _read(line: Line, most: int) -> Request:
    frame = await _frame(line, most)
    if len(frame) < _SHORTEST:
        raise Refused("a request without a header")
    key, version = struct.unpack_from("!hh", frame, 4)
    (length,) = struct.unpack_from("!h", frame, 12)
    return Request(frame, key, version, frame[8:12], frame[14 + max(length, 0) :])


async def _frame(line: Line, most: int) -> bytes:
    """
    Raises:
        Refused: it is longer than `most` bytes, or too short to be one.
    """
    size = await line.reader.readexactly(4)
    (length,) = struct.unpack("!i", size)
    if not len(size) <= length <= most:
        raise Refused(f"a message of {length} bytes")
    return size + await line.reader.readexactly(length)
