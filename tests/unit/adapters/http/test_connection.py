import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.certificates import make_certificates
from natter.adapters.http import connection as http_connection
from natter.adapters.http.connection import Endpoint, HttpConnection

REQUEST = b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def soon() -> float:
    return time.monotonic() + 10


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


@pytest.fixture
def connection(listening: socket.socket) -> Iterator[HttpConnection[Endpoint]]:
    connection = HttpConnection(Endpoint(f"http://127.0.0.1:{listening.getsockname()[1]}"))
    yield connection
    connection.close()


@pytest.fixture
def server(listening: socket.socket, connection: HttpConnection[Endpoint]) -> Iterator[socket.socket]:
    """The other end of the connection, on which one request has been answered."""
    connection.send(REQUEST, soon())
    server, _ = listening.accept()
    with server:
        server.sendall(ANSWER)
        assert connection.receive(soon()) == 200
        yield server


class TestAnIdleConnection:
    @pytest.mark.usefixtures("server")
    def test_is_used_again(self, connection: HttpConnection[Endpoint]) -> None:
        assert connection.reusable

    def test_is_not_when_the_other_side_has_closed_it(
        self, connection: HttpConnection[Endpoint], server: socket.socket
    ) -> None:
        server.shutdown(socket.SHUT_RDWR)
        arrived(connection)
        assert not connection.reusable

    def test_is_not_when_something_came_that_nobody_asked_for(
        self, connection: HttpConnection[Endpoint], server: socket.socket
    ) -> None:
        """As from servers that say 408 before they close; it would be taken for the next answer."""
        server.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        arrived(connection)
        assert not connection.reusable


def arrived(connection: HttpConnection[Endpoint]) -> None:
    assert connection._readable.poll(10_000)


class TestTheDeadline:
    def test_an_answer_that_is_there_is_read_after_it(
        self, connection: HttpConnection[Endpoint], server: socket.socket
    ) -> None:
        connection.send(REQUEST, soon())
        server.sendall(ANSWER)
        arrived(connection)
        assert connection.receive(time.monotonic() - 1) == 200

    def test_holds_for_the_whole_answer_and_not_for_each_of_its_packets(
        self, connection: HttpConnection[Endpoint], server: socket.socket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(http_connection, "GRACE_S", 0.1)
        enough = threading.Event()

        def drip() -> None:
            """For three seconds, if nobody hangs up."""
            with contextlib.suppress(ConnectionError):
                for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300:
                    server.sendall(bytes([byte]))
                    if enough.wait(0.01):
                        return

        connection.send(REQUEST, soon())
        dripping = threading.Thread(target=drip)
        dripping.start()
        began = time.monotonic()
        try:
            with pytest.raises(TimeoutError):
                connection.receive(began + 0.1)
        finally:
            enough.set()
            dripping.join()
        assert time.monotonic() - began < 2


class TestTls:
    @pytest.fixture
    def certificate_file(self, tmp_path: Path) -> Path:
        path = tmp_path / "certificate.pem"
        made = make_certificates()
        path.write_bytes(made.server + made.authority)
        return path

    def serve(self, listening: socket.socket, certificate_file: Path, requests: int) -> threading.Thread:
        """Answers so many requests of one connection, if it comes to be."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate_file)

        def serve() -> None:
            plain, _ = listening.accept()
            try:
                with context.wrap_socket(plain, server_side=True) as server:
                    for _ in range(requests):
                        server.recv(1024)
                        server.sendall(ANSWER)
                    server.recv(1)
            except OSError:
                return  # the client did not trust it

        thread = threading.Thread(target=serve)
        thread.start()
        return thread

    def test_what_its_handshake_leaves_is_not_taken_for_an_answer(
        self, listening: socket.socket, certificate_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Servers send tickets after it, which are read with the first answer."""
        trusting = ssl.create_default_context(cafile=certificate_file)
        monkeypatch.setattr(http_connection, "trusted", lambda: trusting)
        serving = self.serve(listening, certificate_file, requests=2)
        connection = HttpConnection(Endpoint(f"https://127.0.0.1:{listening.getsockname()[1]}"))
        for _ in range(2):
            connection.send(REQUEST, soon())
            assert connection.receive(soon()) == 200
            assert connection.reusable
        connection.close()
        serving.join()

    def test_who_is_not_known_gets_nothing(self, listening: socket.socket, certificate_file: Path) -> None:
        serving = self.serve(listening, certificate_file, requests=1)
        connection = HttpConnection(Endpoint(f"https://127.0.0.1:{listening.getsockname()[1]}"))
        with pytest.raises(ssl.SSLCertVerificationError):
            connection.send(REQUEST, soon())
        assert not connection.reusable
        serving.join()


class TestAHeaderThatIsKept:
    @pytest.mark.parametrize(
        ("answer", "kept"),
        [
            (b"HTTP/1.1 429 Too Many\r\nRETRY-After: 7\r\nContent-Length: 0\r\n\r\n", "7"),
            (b"HTTP/1.1 429 Too Many\r\nX-Retry-After: 7\r\nContent-Length: 0\r\n\r\n", None),
            (b"HTTP/1.1 103 Early\r\nRetry-After: 7\r\n\r\n" + ANSWER, None),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nRetry-After: 7\r\n\r\n",
                None,
            ),
        ],
    )
    def test_is_that_of_the_final_answer(self, listening: socket.socket, answer: bytes, kept: str | None) -> None:
        to = Endpoint(f"http://127.0.0.1:{listening.getsockname()[1]}")
        connection = HttpConnection(to, header="retry-after")
        connection.send(REQUEST, soon())
        server, _ = listening.accept()
        with server:
            server.sendall(answer)
            assert connection.receive(soon()) in (200, 429)
            assert connection.header == kept
        connection.close()

    def test_is_not_that_of_the_answer_before(self, listening: socket.socket) -> None:
        to = Endpoint(f"http://127.0.0.1:{listening.getsockname()[1]}")
        connection = HttpConnection(to, header="retry-after")
        connection.send(REQUEST, soon())
        server, _ = listening.accept()
        with server:
            server.sendall(b"HTTP/1.1 200 OK\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
            connection.receive(soon())
            connection.send(REQUEST, soon())
            server.sendall(ANSWER)
            connection.receive(soon())
        assert connection.header is None
        connection.close()
