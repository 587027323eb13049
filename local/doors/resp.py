"""What clients of Valkey ask for: commands as they come in, however they are cut (RESP, arrays of bulk strings)."""

MOST_BYTES = 64 * 1024 * 1024
"""Of a command that is still on its way; one that is longer is not counted, nor what follows on its connection."""


class Commands:
    """The names of one connection's commands."""

    def __init__(self) -> None:
        self._rest: bytes | None = b""

    def hear(self, data: bytes) -> list[tuple[str, int]]:
        """The commands that are complete with `data`, in lower case, and how long each was."""
        if self._rest is None:
            return []
        buffer, at, found = self._rest + data, 0, []
        try:
            while (read := _command(buffer, at)) is not None:
                name, end = read
                found.append((name, end - at))
                at = end
        except ValueError:  # inline, or no RESP: Valkey says so
            self._rest = None
            return found
        self._rest = buffer[at:] if len(buffer) - at <= MOST_BYTES else None
        return found


def _command(buffer: bytes, at: int) -> tuple[str, int] | None:
    """
    The one that begins there, and where it ends; None while it is not complete.

    Raises:
        ValueError: it is no array of bulk strings.
    """
    count, at = _number(buffer, at, b"*")
    name = ""
    for index in range(count):
        length, at = _number(buffer, at, b"$")
        if at < 0 or len(buffer) < at + length + 2:
            return None
        if index == 0:
            name = buffer[at : at + length].decode("latin-1").lower()
        at += length + 2
    return (name, at) if at >= 0 else None


def _number(buffer: bytes, at: int, kind: bytes) -> tuple[int, int]:
    """A length and where what it is of begins; that is -1 while the line is not complete."""
    if at < 0:
        return 0, -1
    end = buffer.find(b"\r\n", at)
    if end < 0:
        if buffer[at : at + 1] not in {b"", kind}:
            raise ValueError(buffer[at : at + 1])
        return 0, -1
    line = buffer[at:end]
    if line[:1] != kind:
        raise ValueError(line[:1])
    return int(line[1:]), end + 2
