"""A function's log file, with the platform's START, END and REPORT lines as CloudWatch Logs shows them."""

import math
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

MAX_LINE = 256 * 1024
"""Bytes after which a line without an end is written all the same (CloudWatch's limit of an event)."""


class FunctionLog:
    """
    One file for all environments of a function; only whole lines are written, and `on_lines` sees what functions print.

    The file of the run before is kept as `NAME.log.1`.
    """

    def __init__(self, folder: Path, name: str, on_lines: Callable[[bytes], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}.log"
        self.on_lines = on_lines
        if self.path.exists():
            self.path.replace(folder / f"{name}.log.1")
        self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, lines: bytes) -> None:
        """Append `lines`; the last one ends with a newline."""
        while lines:
            lines = lines[os.write(self._fd, lines) :]

    def close(self) -> None:
        os.close(self._fd)


class Output:
    """What one worker prints, read from its pipe and passed on in whole lines."""

    def __init__(self, fd: int, log: FunctionLog) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self._log = log
        self._rest = b""

    def drain(self) -> bool:
        """Pass on all that is in the pipe now; False at its end."""
        while self.fd >= 0:
            try:
                data = os.read(self.fd, 65536)
            except BlockingIOError:
                return True
            if not data:
                return False
            whole, newline, self._rest = (self._rest + data).rpartition(b"\n")
            if newline:
                self._pass_on(whole + newline)
            if len(self._rest) > MAX_LINE:
                self._flush()
        return False

    def close(self) -> None:
        """Pass on what is left and close the pipe."""
        self.drain()
        self._flush()
        os.close(self.fd)
        self.fd = -1

    def _flush(self) -> None:
        if self._rest:
            self._pass_on(self._rest + b"\n")
            self._rest = b""

    def _pass_on(self, lines: bytes) -> None:
        self._log.write(lines)
        self._log.on_lines(lines)


def start_line(request_id: str) -> bytes:
    return b"START RequestId: %s Version: $LATEST\n" % request_id.encode()


def end_lines(request_id: str, duration_ms: float, *, memory_mb: int, used_mb: int, init_ms: float | None) -> bytes:
    report = (
        f"END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\t"
        f"Billed Duration: {math.ceil(duration_ms)} ms\tMemory Size: {memory_mb} MB\tMax Memory Used: {used_mb} MB\t"
    )
    return (report + (f"Init Duration: {init_ms:.2f} ms\t" if init_ms is not None else "") + "\n").encode()


def timeout_line(request_id: str, message: str) -> bytes:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{at} {request_id} {message}\n".encode()
