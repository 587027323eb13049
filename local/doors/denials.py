"""What Kafka itself refuses to those who came through the door, as it says in its log."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LONGEST_READ = 1024 * 1024
"""Of what has been written since the last look; of more, the end."""
_DENIED = re.compile(
    r"Principal = User:(?P<role>\S+) is Denied operation = (?P<operation>\w+) from host = \S+ "
    r"on resource = (?P<kind>\w+):LITERAL:(?P<name>.+?) for request = "
)


class Denial(NamedTuple):
    role: str
    operation: str
    kind: str
    """Of the resource, e.g. `Topic`."""
    name: str


class Denials:
    """Reads on in the log `file`, which the broker begins anew whenever it is started."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._which = 0
        self._read = 0

    def news(self) -> Iterator[Denial]:
        """What has come since the last call."""
        try:
            log = self._file.open("rb")
        except FileNotFoundError:
            return
        with log:
            which, size = _identity(log.fileno())
            if which != self._which or size < self._read:
                self._which, self._read = which, 0
            log.seek(max(self._read, size - LONGEST_READ))
            text = log.read(LONGEST_READ)
            whole = text[: text.rfind(b"\n") + 1]
            self._read = log.tell() - len(text) + len(whole)
        for match in _DENIED.finditer(whole.decode("utf-8", "replace")):
            yield Denial(match["role"], match["operation"], match["kind"], match["name"])


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_ino, status.st_size
