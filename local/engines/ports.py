"""Loopback ports that stay the same from run to run."""

import json
import socket
import zlib
from pathlib import Path

FIRST, LAST = 15000, 31999
"""Below what kernels hand out for outgoing connections, one of which could otherwise sit on an engine's port."""


class Ports:
    """
    A name's port: chosen once, remembered in `file`, given again as long as it is free.

    The search begins at a place that depends on the folder, so that two checkouts seldom meet.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._given: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        self._checked: set[str] = set()

    def __getitem__(self, name: str) -> int:
        """
        The port of `name`. Whether it is free is looked at once in this object's life: afterwards its owner may run.

        Raises:
            OSError: every port is taken.
        """
        if name not in self._checked:
            if name not in self._given or not is_free(self._given[name]):
                self._given[name] = self._find()
                self._save()
            self._checked.add(name)
        return self._given[name]

    def _find(self) -> int:
        size = LAST - FIRST + 1
        start = zlib.crc32(str(self._file.absolute()).encode()) % size
        taken = set(self._given.values())
        for offset in range(size):
            port = FIRST + (start + offset) % size
            if port not in taken and is_free(port):
                return port
        raise OSError(f"no free port between {FIRST} and {LAST}")

    def _save(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(self._given, indent=2) + "\n")
        draft.replace(self._file)


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: what lingers is not in the way
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
