"""What `ApiGateway` makes of answers as HTTP allows them: other servers', those of what stands before them, hostile."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from botocore.credentials import Credentials

from natter.adapters.gateway.gateway import ApiGateway
from natter.adapters.http.connection import MAX_ANSWER
from natter.domain.delivery import Post, PostResult
from tests.messages import ANN, a_connection

DELIVERED, GONE, FAILED, _ = PostResult
WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
LONG_S = 5
"""Not even the largest of these answers takes as much; a wait for more would take longer."""


class Server:
    """
    Its answers are written out, one after each request, however often it is connected to.

    A bar ends a packet, and one at the end of an answer ends the connection.
    """

    def __init__(self, *answers: bytes) -> None:
        self.connections = 0
        self._answers = iter(answers)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(ConnectionError):  # it is hung up on where it answers too much
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection.makefile("rb") as requests:
            while requests.readline():
                while requests.readline().strip():
                    pass
                requests.read(1)
                *packets, last = next(self._answers).split(b"|")
                for packet in [*packets, last]:
                    connection.sendall(packet)
                if packets and not last:
                    return


@contextlib.contextmanager
def serving(*answers: bytes) -> Iterator[Server]:
    server = Server(*answers)
    try:
        yield server
    finally:
        server.close()


def posted(*answers: bytes, number: int | None = None, budget_s: float = 2 * LONG_S) -> tuple[list[PostResult], int]:
    """The results of posts, as many as `answers` or `number`, and how many connections they took."""
    with serving(*answers) as server:
        gateway = ApiGateway(lambda: Credentials("AKID", "secret"), "eu-central-1")
        phone = replace(a_connection(ANN), endpoint=f"http://127.0.0.1:{server.port}/dev")
        one = Post(connection=phone, frame=b"x")
        began = time.monotonic()
        results = [gateway.post([one], budget_s=budget_s)[0] for _ in range(number or len(answers))]
        for http in [http for idle in gateway._idle.values() for http in idle]:
            http.close()
    assert time.monotonic() - began < LONG_S, "it waited for something that does not come"
    return results, server.connections


class TestTheConnectionIsKept:
    def test_bodies_are_read_to_their_end_however_they_come(self) -> None:
        """Else the next answer would begin in the midst of this one."""
        throttled = b'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 18\r\n\r\n{"message":"slow"}'
        in_pieces = b"HTTP/1.1 4|10 Gone\r\ncontent-length:|5\r\nX-Other: 1\r\n\r|\n12|345"
        assert posted(throttled, in_pieces, WELL) == ([FAILED, GONE, DELIVERED], 1)

    def test_answers_in_chunks(self) -> None:
        in_pieces = (
            b"HTTP/1.1 410 Gone\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r|\nab|c\r\n0\r\nX-Trailer: 1\r\n\r|\n"
        )
        assert posted(CHUNKED, in_pieces, CHUNKED) == ([DELIVERED, GONE, DELIVERED], 1)

    def test_answers_that_have_no_body(self) -> None:
        """Whatever length they state, as of the body that a GET would have got."""
        bare = b"HTTP/1.1 204 No Content\r\n\r\n"
        stating = b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n"
        assert posted(bare, stating, bare) == ([DELIVERED] * 3, 1)

    def test_interim_answers_are_not_the_answer(self) -> None:
        proceed = b"HTTP/1.1 100 Continue\r\n\r\n"
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        gone = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
        assert posted(proceed + WELL, proceed + b"|" + hints + gone, WELL) == ([DELIVERED, GONE, DELIVERED], 1)

    def test_an_answer_as_large_as_may_be(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 65000\r\n\r\n"
        assert len(head) + 65_000 < MAX_ANSWER
        assert posted(head + b"x" * 65_000, WELL) == ([DELIVERED, DELIVERED], 1)


class TestTheConnectionIsNotKept:
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(b"HTTP/1.1 410 Gone\r\n\r\n12345", id="ended by the connection's end"),
            pytest.param(b"HTTP/1.1 410 Gone\r\n\r\n12345|", id="ended by the connection's end, which came"),
            pytest.param(b"HTTP/1.1 410 Gone\r\nTransfer-Encoding: gzip\r\n\r\n123", id="of an unknown coding"),
            pytest.param(b"HTTP/1.1 410 Gone\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", id="close"),
            pytest.param(b"HTTP/1.0 410 Gone\r\nContent-Length: 2\r\n\r\nno", id="HTTP/1.0"),
            pytest.param(b"HTTP/1.1 410 Gone\r\nContent-Length: 5\r\n\r\nno|", id="its body is cut off"),
            pytest.param(b"HTTP/1.1 410 Gone\r\nTransfer-Encoding: chunked\r\n\r\nno", id="its body is broken"),
            pytest.param(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n" + WELL, id="another answer follows"),
            pytest.param(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\nH", id="another answer begins"),
            pytest.param(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n-", id="something else follows"),
            pytest.param(b"HTTP/1.1 410 Gone\r\nContent-Length: 999999999\r\n\r\n" + b"x" * 999_999, id="a huge body"),
            pytest.param(
                b"HTTP/1.1 410 Gone\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 99_999, id="endless"
            ),
        ],
    )
    def test_but_the_answer_counts(self, answer: bytes) -> None:
        assert posted(answer, WELL) == ([GONE, DELIVERED], 2)

    def test_the_answer_counts_without_a_body_that_does_not_come_in_time(self) -> None:
        late = b"HTTP/1.1 410 Gone\r\nContent-Length: 5\r\n\r\n123"
        assert posted(late, budget_s=2) == ([GONE], 1)


class TestWhatIsNoAnswer:
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(b"SSH-2.0-OpenSSH_9.9\r\n\r\n", id="another protocol"),
            pytest.param(b"HTTP/1.1 200 OK|", id="cut off"),
            pytest.param(b"|", id="none at all"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", id="no length"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n", id="two lengths"),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                id="a length, and chunks",
            ),
            pytest.param(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", id="an upgrade"
            ),
            pytest.param(b"X" * 999_999, id="endless"),
            pytest.param(b"HTTP/1.1 200 " + b"O" * 999_999, id="an endless reason"),
            pytest.param(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 99_999, id="endless headers"),
            pytest.param(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 999_999, id="an endless header"),
            pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 99_999, id="endless interim answers"),
        ],
    )
    def test_is_a_failure(self, answer: bytes) -> None:
        assert posted(answer, WELL) == ([FAILED, DELIVERED], 2)

    def test_is_asked_for_once_more_where_the_connection_had_been_idle(self) -> None:
        """As one that the other side closed during a freeze, of which nothing was heard here."""
        assert posted(WELL, b"|", WELL, number=2) == ([DELIVERED, DELIVERED], 2)
        assert posted(WELL, b"|", b"|", WELL, number=3) == ([DELIVERED, FAILED, DELIVERED], 3)
