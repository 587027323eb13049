"""
A push service of browsers on loopback: takes pushes over TLS as strictly as RFC 8030, 8291 and 8292 let it, decrypts
them as the browser would, and answers what it is told to.
"""

import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local.certificates import make_certificates, server_context
from local.push_service.rules import Refusal, check_headers, check_signature
from natter.domain.accounts.users import PushTarget
from natter.domain.ids import DeviceId, UserId, new_id
from natter.domain.push.registrations import Registration
from natter.domain.push.subscriptions import PushHost
from tests.support.aes128gcm import Receiver


@dataclass(frozen=True)
class Answer:
    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Browser:
    """One subscription, and what was pushed to it."""

    key: str
    """That it subscribed with."""
    path: str
    receiver: Receiver = field(default_factory=Receiver)
    pushed: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of each push; names in small letters."""
    bodies: list[bytes] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    """The next ones; when there is none left, pushes are taken."""


class PushServer:
    """Answers on `port` of `host`; whatever is changed here holds for the next request."""

    def __init__(self, port: int, authority: Path, host: str = "127.0.0.1") -> None:
        self.port = port
        self.host = PushHost(name=host, port=port, private=True)
        self.origin = f"https://{host}:{port}"
        self.authority = authority
        """PEM file of who vouches for it."""
        self.browsers: dict[str, Browser] = {}
        self.refused: list[str] = []
        """Why requests were, that were not as they should be."""
        self.requests = 0
        self.handshakes = 0
        self.connections: list[socket.socket] = []
        self.ended = threading.Semaphore(0)
        """Released when a connection is closed."""
        self.answering = threading.Event()
        """While it is not set, requests hang."""
        self.answering.set()

    def tls(self) -> ssl.SSLContext:
        """Trusts it."""
        return ssl.create_default_context(cafile=self.authority)

    def subscribe(self, key: str) -> Browser:
        """A browser subscribes with our public key."""
        browser = Browser(key, f"/push/{new_id()}")
        self.browsers[browser.path] = browser
        return browser

    def registration(self, browser: Browser) -> Registration:
        keys = {"p256dh": _text(browser.receiver.public), "auth": _text(browser.receiver.auth)}
        token = json.dumps({"endpoint": self.origin + browser.path, "expirationTime": None, "keys": keys})
        target = PushTarget(provider="webpush", token=token)
        return Registration(user_id=UserId(new_id()), device_id=DeviceId(new_id()), target=target)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """
        Raises:
            Refusal: something about it is not as it should be.
        """
        browser = self.browsers.get(path)
        if browser is None:
            raise Refusal(404, "no such subscription")
        if browser.answers:
            return browser.answers.pop(0)
        check_signature(headers.get("authorization", ""), key=browser.key, origin=self.origin)
        check_headers(headers, body)
        browser.pushed.append(browser.receiver.read_push(body))
        browser.headers.append(dict(headers))
        browser.bodies.append(body)
        return Answer(headers={"Location": self.origin + "/message/1", "TTL": headers["ttl"]})


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@contextmanager
def push_server(host: str = "127.0.0.1") -> Iterator[PushServer]:
    """Runs one until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            running.connections.append(self.request)
            self.request = tls.wrap_socket(self.request, server_side=True)
            running.handshakes += 1
            running.connections.append(self.request)
            super().setup()

        def finish(self) -> None:
            super().finish()
            running.ended.release()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            running.requests += 1
            running.answering.wait(timeout=10)
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                answer = running.take(self.path, headers, body)
            except Refusal as refusal:
                running.refused.append(str(refusal))
                answer = Answer(refusal.status)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            """Tests look at what was pushed and refused."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

        def handle_error(self, *_: Any) -> None:
            """Who does not trust it, or has given up, hangs up."""

    with TemporaryDirectory() as folder, Server(("127.0.0.1", 0), Handler) as server:
        authority, certificates = Path(folder) / "authority.pem", make_certificates()
        authority.write_bytes(certificates.authority)
        tls = server_context(certificates, Path(folder))
        running = PushServer(server.server_port, authority, host)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield running
        finally:
            running.answering.set()
            server.shutdown()
            thread.join()
            for connection in running.connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
