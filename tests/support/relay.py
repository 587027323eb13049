"""Lines to a server that can go dead without a word, as those of a frozen function do."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_READ = 64 * 1024


class Relay:
    """
    A TCP proxy on loopback: `address` leads to the server.

    After `silence()` nothing passes any more on the lines that there are, either way. They stay open, and what is sent
    on them is acknowledged by the kernel: nothing tells that nobody is there. New lines are as good as before.
    """

    def __init__(self, server: str) -> None:
        host, _, port = server.rpartition(":")
        self._server = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = "{}:{}".format(*self._listener.getsockname())
        self.made = 0
        """How many lines there have been."""
        self._lock = threading.Lock()
        self._lines: list[_Line] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def silence(self) -> int:
        """Returns how many lines went dead."""
        with self._lock:
            alive = [line for line in self._lines if line.carries and not line.is_over.is_set()]
            for line in alive:
                line.carries = False
            return len(alive)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for line in self._lines:
            line.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # it is closed
                return
            server = socket.create_connection(self._server)
            with self._lock:
                self.made += 1
                self._lines.append(_Line(client, server))


class _Line:
    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.carries = True
        self.is_over = threading.Event()
        self._ends = (client, server)
        for end in self._ends:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pumps = [
            threading.Thread(target=self._pump, args=pair, daemon=True) for pair in ((client, server), (server, client))
        ]
        for pump in self._pumps:
            pump.start()

    def close(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for pump in self._pumps:
            pump.join()
        for end in self._ends:
            end.close()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while received := source.recv(_READ):
                if self.carries:
                    target.sendall(received)
        self.is_over.set()
        if self.carries:
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)


@contextmanager
def relayed(server: str) -> Iterator[Relay]:
    relay = Relay(server)
    try:
        yield relay
    finally:
        relay.close()
