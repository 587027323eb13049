"""What every `Gateway` promises."""

import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol, override
from urllib.parse import unquote

import pytest
from botocore.credentials import Credentials

from natter.adapters.gateway.gateway import WAVE, ApiGateway
from natter.domain.connections import Closing, Connection
from natter.domain.delivery import Post, PostResult
from natter.ports.delivery import Gateway
from tests.memory.gateway import MemoryGateway
from tests.messages import ANN, a_connection

DELIVERED, GONE, FAILED, UNTRIED = PostResult
STATUS = {DELIVERED: 200, GONE: 410, FAILED: 429}


class Sockets:
    """The other side of API Gateway's management API: connections that take frames, or do not."""

    def __init__(self) -> None:
        self.status: dict[str, int] = {}
        self.frames: defaultdict[str, list[bytes]] = defaultdict(list)
        self.closed: list[str] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.wait: Callable[[str], bool] = lambda _: True
        """Before a request for a connection is answered."""


class Server(ThreadingHTTPServer):
    """Counts the connections that it was made, and can hang up all of them."""

    request_queue_size = 128
    """Of connections that wait to be accepted: a wave makes many at once."""

    def __init__(self, sockets: Sockets) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.sockets = sockets
        self.lines: list[socket.socket] = []

    @override
    def get_request(self) -> tuple[socket.socket, object]:
        line, address = super().get_request()
        self.lines.append(line)
        return line, address

    def hang_up(self) -> None:
        for line in self.lines:
            line.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        connection, frame = self._received()
        status = self.server.sockets.status.get(connection, 200)
        if status < 300:
            self.server.sockets.frames[connection].append(frame)
        self._answer(status)

    def do_DELETE(self) -> None:
        connection, _ = self._received()
        self.server.sockets.closed.append(connection)
        self._answer(self.server.sockets.status.get(connection, 204))

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def _received(self) -> tuple[str, bytes]:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.sockets.requests.append((self.path, dict(self.headers)))
        connection = unquote(self.path.rpartition("/@connections/")[2])
        self.server.sockets.wait(connection)
        return connection, body

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def sockets() -> Sockets:
    return Sockets()


@pytest.fixture
def server(sockets: Sockets) -> Iterator[Server]:
    server = Server(sockets)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def http(server: Server) -> Iterator[ApiGateway]:  # noqa: ARG001 - which must outlive it
    gateway = ApiGateway(lambda: Credentials("AKID", "secret"), "eu-central-1")
    yield gateway
    for line in [line for lines in gateway._idle.values() for line in lines]:
        line.close()


def on(server: Server, *names: str) -> list[Connection]:
    endpoint = f"http://127.0.0.1:{server.server_port}/dev"
    return [replace(a_connection(ANN, name), endpoint=endpoint) for name in names]


def posts(connection: Connection, *frames: bytes) -> list[Post]:
    return [Post(connection=connection, frame=frame) for frame in frames]


class Stage(Protocol):
    """A gateway, and what arrives at the other ends of its connections."""

    gateway: Gateway

    def connections(self, *names: str) -> Sequence[Connection]: ...
    def answer(self, connection: Connection, result: PostResult) -> None: ...
    def received(self, connection: Connection) -> Sequence[bytes]: ...
    def closed(self) -> Sequence[str]: ...


class MemoryStage:
    def __init__(self) -> None:
        self.memory = MemoryGateway()
        self.gateway: Gateway = self.memory

    def connections(self, *names: str) -> Sequence[Connection]:
        return [a_connection(ANN, name) for name in names]

    def answer(self, connection: Connection, result: PostResult) -> None:
        self.memory.answers[connection.connection_id] = result

    def received(self, connection: Connection) -> Sequence[bytes]:
        return self.memory.frames[connection.connection_id]

    def closed(self) -> Sequence[str]:
        return [connection.connection_id for connection in self.memory.closed]


class HttpStage:
    def __init__(self, server: Server, gateway: Gateway) -> None:
        self.server = server
        self.gateway: Gateway = gateway

    def connections(self, *names: str) -> Sequence[Connection]:
        return on(self.server, *names)

    def answer(self, connection: Connection, result: PostResult) -> None:
        self.server.sockets.status[connection.connection_id] = STATUS[result]

    def received(self, connection: Connection) -> Sequence[bytes]:
        return self.server.sockets.frames[connection.connection_id]

    def closed(self) -> Sequence[str]:
        return self.server.sockets.closed


@pytest.fixture(params=["memory", "http"])
def stage(request: pytest.FixtureRequest) -> Stage:
    if request.param == "memory":
        return MemoryStage()
    return HttpStage(request.getfixturevalue("server"), request.getfixturevalue("http"))


class TestGatewayContract:
    def test_frames_arrive_at_their_connections_in_the_order_given(self, stage: Stage) -> None:
        """P4. More connections than go out at once."""
        connections = stage.connections(*(f"c{number}" for number in range(70)))
        frames = [f"frame {number}: grüße".encode() for number in range(3)]
        sent = [Post(connection=each, frame=frame) for frame in frames for each in connections]
        assert stage.gateway.post(sent, budget_s=20) == [DELIVERED] * len(sent)
        assert [list(stage.received(each)) for each in connections] == [frames] * len(connections)

    def test_there_is_one_result_for_each_in_the_order_given(self, stage: Stage) -> None:
        well, gone, throttled = stage.connections("well", "gone", "throttled")
        stage.answer(gone, GONE)
        stage.answer(throttled, FAILED)
        sent = [*posts(gone, b"1"), *posts(well, b"2"), *posts(throttled, b"3"), *posts(well, b"4"), *posts(gone, b"5")]
        assert list(stage.gateway.post(sent, budget_s=10)) == [GONE, DELIVERED, FAILED, DELIVERED, GONE]
        assert [list(stage.received(each)) for each in (well, gone, throttled)] == [[b"2", b"4"], [], []]

    def test_nothing_is_posted(self, stage: Stage) -> None:
        assert list(stage.gateway.post([], budget_s=1)) == []

    def test_a_connection_is_closed(self, stage: Stage) -> None:
        phone, _ = stage.connections("phone=", "desk")
        assert list(stage.gateway.close([phone])) == [Closing.CLOSED]
        assert stage.closed() == ["phone="]

    def test_many_are_closed(self, stage: Stage) -> None:
        """More than are closed at once."""
        connections = stage.connections(*(f"c{number}" for number in range(70)))
        assert list(stage.gateway.close(connections)) == [Closing.CLOSED] * 70
        assert sorted(stage.closed()) == sorted(each.connection_id for each in connections)


class TestApiGateway:
    @pytest.mark.parametrize(
        ("status", "result"),
        [(200, DELIVERED), (204, DELIVERED), (410, GONE), (403, FAILED), (413, FAILED), (429, FAILED), (500, FAILED)],
    )
    def test_what_its_answers_mean(self, http: ApiGateway, server: Server, status: int, result: PostResult) -> None:
        (phone,) = on(server, "phone")
        server.sockets.status["phone"] = status
        assert list(http.post(posts(phone, b"x"), budget_s=10)) == [result]

    def test_requests_are_signed_and_ids_are_quoted(self, http: ApiGateway, server: Server) -> None:
        """An id of API Gateway may end in an equals sign."""
        (phone,) = on(server, "L0SM9cOFvHcCIhw=")
        http.post(posts(phone, b"x"), budget_s=10)
        ((path, headers),) = server.sockets.requests
        assert path == "/dev/@connections/L0SM9cOFvHcCIhw%3D"
        assert "/eu-central-1/execute-api/aws4_request" in headers["authorization"]

    def test_a_connection_is_used_again(self, http: ApiGateway, server: Server) -> None:
        (phone,) = on(server, "phone")
        for _ in range(3):
            http.post(posts(phone, b"x"), budget_s=10)
        assert len(server.lines) == 1

    def test_requests_to_several_are_under_way_at_once(self, http: ApiGateway, server: Server) -> None:
        """None is answered before the last has come."""
        phones = on(server, *(f"c{number}" for number in range(WAVE)))
        all_there = threading.Barrier(WAVE)
        server.sockets.wait = lambda _: all_there.wait(10) >= 0
        sent = [post for phone in phones for post in posts(phone, b"x")]
        assert list(http.post(sent, budget_s=10)) == [DELIVERED] * WAVE

    def test_one_that_was_closed_while_idle_is_made_anew(self, http: ApiGateway, server: Server) -> None:
        """As after a freeze."""
        phones = on(server, "a", "b", "c")
        everywhere = [post for phone in phones for post in posts(phone, b"x")]
        assert list(http.post(everywhere, budget_s=10)) == [DELIVERED] * 3
        server.hang_up()
        assert list(http.post(everywhere, budget_s=10)) == [DELIVERED] * 3

    def test_nobody_there_is_a_failure_and_no_error(self, http: ApiGateway) -> None:
        nowhere = replace(a_connection(ANN), endpoint="http://127.0.0.1:1/dev")
        assert list(http.post(posts(nowhere, b"x", b"y"), budget_s=5)) == [FAILED, FAILED]
        assert list(http.close([nowhere])) == [Closing.FAILED]

    def test_what_closing_came_to_is_told_apart(self, http: ApiGateway, server: Server) -> None:
        gone, throttled = on(server, "gone", "throttled")
        server.sockets.status |= {"gone": 410, "throttled": 429}
        assert list(http.close([gone, throttled])) == [Closing.GONE, Closing.FAILED]


class TestBudget:
    @pytest.fixture
    def end(self, server: Server) -> Iterator[threading.Event]:
        """Until it is set, nobody hears of the connection `slow`."""
        end = threading.Event()
        server.sockets.wait = lambda connection: end.wait(30) if connection == "slow" else True
        yield end
        end.set()

    def test_what_is_not_answered_in_time_has_failed(
        self, http: ApiGateway, server: Server, end: threading.Event
    ) -> None:
        (slow,) = on(server, "slow")
        began = time.monotonic()
        assert list(http.post(posts(slow, b"x", b"y"), budget_s=2)) == [FAILED, UNTRIED]
        assert time.monotonic() - began < 8
        assert not end.is_set()

    def test_what_is_answered_in_time_has_not_whoever_is_slow_before_it(
        self, http: ApiGateway, server: Server, end: threading.Event
    ) -> None:
        """Else one that hangs would take the connections of all others with it."""
        slow, first, last = on(server, "slow", "first", "last")
        sent = [*posts(first, b"x"), *posts(slow, b"x"), *posts(last, b"x")]
        assert list(http.post(sent, budget_s=2)) == [DELIVERED, FAILED, DELIVERED]
        assert not end.is_set()

    def test_afterwards_answers_are_not_mixed_up(self, http: ApiGateway, server: Server, end: threading.Event) -> None:
        """The late answer belongs to nobody any more."""
        slow, gone = on(server, "slow", "gone")
        server.sockets.status["gone"] = 410
        http.post(posts(slow, b"x"), budget_s=0.1)
        end.set()
        assert list(http.post([*posts(gone, b"x"), *posts(slow, b"y")], budget_s=10)) == [GONE, DELIVERED]

    def test_without_any_nothing_is_tried(self, http: ApiGateway, server: Server) -> None:
        (phone,) = on(server, "phone")
        assert list(http.post(posts(phone, b"x"), budget_s=0)) == [UNTRIED]
        assert server.sockets.requests == []
