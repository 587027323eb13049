"""Frames of version 4 of Cassandra's native protocol (native_protocol_v4.spec), as far as the door reads them."""

import struct
from dataclasses import dataclass

from .door import Line, Refused

VERSION = 4
ERROR, STARTUP, READY, AUTHENTICATE, OPTIONS, SUPPORTED = 0x00, 0x01, 0x02, 0x03, 0x05, 0x06
QUERY, RESULT, PREPARE, EXECUTE, REGISTER, BATCH = 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0D
CHALLENGE, RESPONSE, SUCCESS = 0x0E, 0x0F, 0x10
COMPRESSED, TRACED, WITH_PAYLOAD, WITH_WARNINGS = 0x01, 0x02, 0x04, 0x08
_HEADER = struct.Struct("!BBhBi")
_TRACE = 16
"""Bytes of the id of a trace."""


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

    def content(self) -> "Content":
        """
        The body behind what the flags put before it.

        Raises:
            struct.error: there is less than the flags say.
            ValueError: it is compressed, which nobody who comes through here has asked for.
        """
        if self.flags & COMPRESSED:
            raise ValueError("a compressed frame")
        content = Content(self.body)
        if self.flags & TRACED and self.version & 0x80:
            content.skip(_TRACE)
        if self.flags & WITH_WARNINGS:
            for _ in range(content.short()):
                content.text()
        if self.flags & WITH_PAYLOAD:
            for _ in range(content.short()):
                content.text()
                content.value()
        return content


class Content:
    """Reads a body from its beginning; whatever asks for more than there is raises `struct.error`."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def skip(self, length: int) -> bytes:
        if not 0 <= length <= len(self._body) - self._at:
            raise struct.error("a body that ends before its time")
        self._at += length
        return self._body[self._at - length : self._at]

    def byte(self) -> int:
        return self.skip(1)[0]

    def short(self) -> int:
        return int.from_bytes(self.skip(2))

    def int(self) -> int:
        return int.from_bytes(self.skip(4), signed=True)

    def text(self) -> str:
        return self.skip(self.short()).decode("utf-8", "replace")

    def long_text(self) -> str:
        return self.skip(self.int()).decode("utf-8", "replace")

    def short_bytes(self) -> bytes:
        return self.skip(self.short())

    def value(self) -> bytes:
        """Of what is not set, or null, nothing."""
        return self.skip(max(self.int(), 0))


async def read(line: Line, most: int) -> Frame:
    """
    The next frame.

    Raises:
        Refused: its body is longer than `most` bytes.
    """
    version, flags, stream, operation, length = _HEADER.unpack(await line.reader.readexactly(_HEADER.size))
    if not 0 <= length <= most:
        raise Refused(f"a frame of {length} bytes")
    return Frame(version, stream, operation, await line.reader.readexactly(length), flags)


def text(value: str) -> bytes:
    return short_bytes(value.encode())


def short_bytes(value: bytes) -> bytes:
    return struct.pack("!H", len(value)) + value


def long_bytes(value: bytes) -> bytes:
    return struct.pack("!i", len(value)) + value


def error(code: int, message: str, more: bytes = b"") -> bytes:
    """The body of an ERROR."""
    return struct.pack("!i", code) + text(message) + more
