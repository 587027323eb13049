"""What visitors do, against a server that is strict about the protocol, and what they say of one that fails."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from natter.adapters.outside.deployment import deployment_at
from natter.domain.ids import ClientId
from natter.domain.visiting import Person
from natter.ports.visiting import Deployment, Failure, Visitor
from natter_client.testing import FakeServer

ANN = Person(username="ann", password="correct horse", device_id="phone")
BEN = Person(username="ben", password="battery staple", device_id="desk")


def soon() -> float:
    return time.monotonic() + 10


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


async def visit[Result](server: FakeServer, visiting: Callable[[Deployment], Result]) -> Result:
    def go() -> Result:
        with deployment_at(server.http_url)() as deployment:
            return visiting(deployment)

    return await asyncio.to_thread(go)


def come(deployment: Deployment, person: Person) -> Visitor:
    visitor = deployment.sign_in(person, deadline=soon())
    assert visitor is not None
    return visitor


class TestTalking:
    async def test_goes_all_the_way(self, server: FakeServer) -> None:
        def talk(deployment: Deployment) -> None:
            for person in (ANN, BEN):
                assert deployment.sign_in(person, deadline=soon()) is None
                deployment.sign_up(person, deadline=soon())
                deployment.sign_up(person, deadline=soon())  # who is there already
            ann, ben = come(deployment, ANN), come(deployment, BEN)
            chat, is_new = ann.meet(ben.user_id, deadline=soon())
            assert (chat, is_new, False) == (chat, True, ann.meet(ben.user_id, deadline=soon())[1])
            near = ann.connect(deadline=soon())
            near.send(chat, ClientId("m1"), "one", deadline=soon())
            far = ben.connect(deadline=soon())
            assert set(ben.sync(chat, deadline=soon())) >= {"m1"}
            near.send(chat, ClientId("m2"), "two", deadline=soon())
            seq = far.receive(chat, ClientId("m2"), deadline=soon())
            far.read(chat, seq, deadline=soon())
            near.see_read(chat, ben.user_id, seq, deadline=soon())
            for line in (near, far):
                line.close()
            ann.leave(deadline=soon())
            with pytest.raises(Failure, match=r"^POST /v1/tickets: 401 unauthenticated$"):
                ann.connect(deadline=soon())

        await visit(server, talk)


class TestFailures:
    async def test_of_requests_have_status_and_code(self, server: FakeServer) -> None:
        server.user("ann", ANN.password)
        server.refuse("POST /v1/sessions", "unavailable")
        with pytest.raises(Failure, match=r"^POST /v1/sessions: 503 unavailable$"):
            await visit(server, lambda deployment: deployment.sign_in(ANN, deadline=soon()))

    async def test_of_frames_have_the_code(self, server: FakeServer) -> None:
        server.user("ann", ANN.password)
        server.user("ben", BEN.password)
        server.refuse("send", "unavailable")

        def talk(deployment: Deployment) -> None:
            ann, ben = come(deployment, ANN), come(deployment, BEN)
            chat, _ = ann.meet(ben.user_id, deadline=soon())
            line = ann.connect(deadline=soon())
            try:
                line.send(chat, ClientId("m1"), "one", deadline=soon())
            finally:
                line.close()

        with pytest.raises(Failure, match=r"^send: unavailable$"):
            await visit(server, talk)

    async def test_a_message_that_is_not_shown_is_not_waited_for_long(self, server: FakeServer) -> None:
        server.user("ann", ANN.password)
        server.user("ben", BEN.password)

        def talk(deployment: Deployment) -> None:
            ann, ben = come(deployment, ANN), come(deployment, BEN)
            chat, _ = ann.meet(ben.user_id, deadline=soon())
            line = ann.connect(deadline=soon())
            try:
                line.receive(chat, ClientId("m1"), deadline=time.monotonic() + 0.2)
            finally:
                line.close()

        with pytest.raises(Failure, match=r"^the event: not in time$"):
            await visit(server, talk)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """The address of something that answers everything so, as proxies and gateways do."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests look at what is made of it."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class TestWhatIsNoDeployment:
    @pytest.mark.parametrize(
        ("status", "body", "said"),
        [
            (502, b'{"message": "Internal server error"}', "POST /v1/sessions: 502"),
            (200, b"<html>", "POST /v1/sessions: JSONDecodeError"),
            (201, b"[]", "POST /v1/sessions: not what was asked for"),
        ],
    )
    def test_is_a_failure(self, status: int, body: bytes, said: str) -> None:
        with answering(status, body) as url, deployment_at(url)() as deployment:
            with pytest.raises(Failure) as failed:
                deployment.sign_in(ANN, deadline=soon())
            assert str(failed.value) == said

    def test_what_hangs_is_left_in_time(self) -> None:
        """A port that accepts and says nothing."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
            began = time.monotonic()
            with deployment_at(url)() as deployment, pytest.raises(Failure, match="POST /v1/sessions: "):
                deployment.sign_in(ANN, deadline=began + 0.3)
            assert time.monotonic() - began < 5

    def test_nothing_is_asked_for_which_no_time_is_left(self) -> None:
        with deployment_at("http://127.0.0.1:1")() as deployment, pytest.raises(Failure, match="no time is left"):
            deployment.sign_in(ANN, deadline=time.monotonic() - 1)
