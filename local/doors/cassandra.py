"""
In front of Cassandra: Amazon Keyspaces' TLS, its handshake with Signature Version 4, and its grants.

The client begins with STARTUP, is asked who it is, and signs a nonce that it is given (the plugins that AWS publishes
for the drivers). From then on each request is let through if the client's role may do all that it asks for, and
otherwise answered as Keyspaces does: Unauthorized. Version 4 of the native protocol, which is the one of Keyspaces.
"""

import asyncio
import hashlib
import secrets
import struct
from datetime import UTC, datetime
from typing import Any, ClassVar, NoReturn
from urllib.parse import quote

from . import frames
from .door import SIGN_IN_S, Line, Refused, both, engine
from .frames import VERSION, Frame, error, long_bytes, read
from .identities import ALGORITHM, LATE, BadSignature, Identity, check, instant, signature, string_to_sign
from .role_door import RoleDoor
from .statements import Absent, Conversation, Prepared, Unknown
from .tally import Statements

AUTHENTICATOR = "com.amazon.helenus.auth.HelenusAuthenticator"
"""What Keyspaces calls itself to drivers."""
_PROTOCOL_ERROR, _BAD_CREDENTIALS, _UNAUTHORIZED, _INVALID, _UNPREPARED = 0x000A, 0x0100, 0x2100, 0x2200, 0x2500
_HELLO = b"SigV4\0\0"
_MOST_BYTES = 16 * 1024
"""Of a frame of somebody who has not said who they are."""
_LARGEST = 16 * 1024 * 1024
"""Of any frame: `native_transport_max_frame_size`."""


class CassandraDoor(RoleDoor):
    name: ClassVar[str] = "cassandra"

    def __init__(self, port: int, *, account: str, **known: Any) -> None:
        """The tables are those of `account`."""
        super().__init__(port, **known)
        self._place = f"arn:aws:cassandra:{self._region}:{account}:"
        self._prepared = Prepared()

    async def serve(self, client: Line) -> None:
        async with engine(self._behind) as cassandra:
            async with asyncio.timeout(SIGN_IN_S):
                startup = await self._begin(client, cassandra)
                identity, last = await self._sign_in(client, startup)
                await cassandra.send(bytes(startup))
                if (await read(cassandra, _MOST_BYTES)).operation != frames.READY:
                    raise Refused("Cassandra does not take the client's STARTUP")
                await client.send(bytes(last.answer(frames.SUCCESS, struct.pack("!i", -1))))
            self._admit(identity)
            talk = Conversation(self._prepared, self._place)
            counted = Statements(self._access.tally, self.name, identity.role)
            await both(
                self._ask(client, cassandra, identity, talk, counted), _answers(cassandra, client, talk, counted)
            )

    async def _ask(
        self, client: Line, cassandra: Line, identity: Identity, talk: Conversation, counted: Statements
    ) -> None:
        while True:
            frame = await read(client, _LARGEST)
            refusal = self._refusal(frame, identity, talk, counted)
            if refusal is None:
                await cassandra.send(bytes(frame))
            else:
                await client.send(bytes(frame.answer(frames.ERROR, refusal)))

    def _refusal(self, frame: Frame, identity: Identity, talk: Conversation, counted: Statements) -> bytes | None:
        """The body of the error with which a request is answered, if it is not let through."""
        try:
            calls = talk.calls(frame)
        except Unknown as unknown:
            return error(_UNPREPARED, str(unknown), frames.short_bytes(unknown.id))
        except Absent as absent:
            return error(_INVALID, str(absent))
        except (ValueError, struct.error) as failure:
            return error(_PROTOCOL_ERROR, str(failure))
        refused = self._access.refusal(self.name, identity.role, *calls)
        if refused is None:
            counted.asked(frame, calls)
            return None
        self.refused += 1
        return error(_UNAUTHORIZED, str(refused))

    async def _begin(self, client: Line, cassandra: Line) -> Frame:
        """The client's STARTUP, after whatever it asks before."""
        while True:
            frame = await read(client, _MOST_BYTES)
            if frame.version != VERSION:
                message = f"Invalid or unsupported protocol version ({frame.version}); the version is {VERSION}"
                await self._refuse(client, frame, message, _PROTOCOL_ERROR)
            if frame.operation == frames.STARTUP:
                if "COMPRESSION" in _options(frame):
                    await self._refuse(client, frame, "nothing is compressed here", _PROTOCOL_ERROR)
                return frame
            if frame.operation != frames.OPTIONS:
                await self._refuse(client, frame, "STARTUP comes first", _PROTOCOL_ERROR)
            await cassandra.send(bytes(frame))
            answer = await read(cassandra, _MOST_BYTES)
            await client.send(bytes(frame.answer(frames.SUPPORTED, _uncompressed(answer))))

    async def _sign_in(self, client: Line, startup: Frame) -> tuple[Identity, Frame]:
        """Who it is, and the frame that has to be told of the success."""
        nonce = secrets.token_hex(16)
        await client.send(bytes(startup.answer(frames.AUTHENTICATE, frames.text(AUTHENTICATOR))))
        hello = await read(client, _MOST_BYTES)
        if hello.operation != frames.RESPONSE or _response(hello) != _HELLO:
            await self._refuse(client, hello, "the client does not sign in with SigV4")
        await client.send(bytes(hello.answer(frames.CHALLENGE, long_bytes(f"nonce={nonce}".encode()))))
        response = await read(client, _MOST_BYTES)
        try:
            identity = self._verified(_response(response).decode("ascii", "replace"), nonce, datetime.now(UTC))
        except BadSignature as failure:
            await self._refuse(client, response, str(failure))
        return identity, response

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
    async def _refuse(client: Line, frame: Frame, message: str, code: int = _BAD_CREDENTIALS) -> NoReturn:
        await client.send(bytes(frame.answer(frames.ERROR, error(code, message))))
        raise Refused(message)


async def _answers(cassandra: Line, client: Line, talk: Conversation, counted: Statements) -> None:
    """Whole, each of them: one of the door's own may come between two, but not into one."""
    while True:
        frame = await read(cassandra, _LARGEST)
        talk.hear(frame)
        counted.answered(frame)
        await client.send(bytes(frame))


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


def _response(frame: Frame) -> bytes:
    """What it carries: its length, then that."""
    return frame.body[4:]


def _options(frame: Frame) -> dict[str, str]:
    content = frame.content()
    return {content.text(): content.text() for _ in range(content.short())}


def _uncompressed(supported: Frame) -> bytes:
    """What Cassandra supports, without its ways to compress: the door reads what is said."""
    content = supported.content()
    body = [struct.pack("!H", count := content.short())]
    for _ in range(count):
        name, values = content.text(), [content.text() for _ in range(content.short())]
        kept = [] if name == "COMPRESSION" else values
        body += [frames.text(name), struct.pack("!H", len(kept)), *map(frames.text, kept)]
    return b"".join(body)
