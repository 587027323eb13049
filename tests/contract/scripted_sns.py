"""A stand-in for SNS that answers what it is told to: what the real one hardly ever does."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs

NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"


@dataclass(frozen=True)
class Refusal:
    """An error as SNS words it."""

    code: str
    status: int = 400
    message: str = "no"


type Answer = Refusal | Literal["well", "hang", "close", "nonsense"]


@dataclass
class Script:
    """What is answered, the last answer for ever; what was asked, by its action."""

    answers: list[Answer] = field(default_factory=lambda: ["well"])
    asked: list[Mapping[str, str]] = field(default_factory=list)
    of_endpoints: dict[str, Answer] = field(default_factory=dict)
    """What is answered to pushes to these, whatever is answered to others."""
    connections: int = 0
    under_way: int = 0
    most_under_way: int = 0
    ending: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def actions(self) -> list[str]:
        return [each["Action"] for each in self.asked]

    def next(self, request: Mapping[str, str]) -> Answer:
        with self.lock:
            self.asked.append(request)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            if request.get("TargetArn") in self.of_endpoints:
                return self.of_endpoints[request["TargetArn"]]
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def done(self) -> None:
        with self.lock:
            self.under_way -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    """More than connect at once: who finds no room tries again a second later, which is given up."""

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.script.lock:
            self.server.script.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        request = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        answer = self.server.script.next(request)
        try:
            self._answer(answer, request["Action"])
        finally:
            self.server.script.done()

    def _answer(self, answer: Answer, action: str) -> None:
        match answer:
            case "hang":
                self.server.script.ending.wait()
                self.close_connection = True
            case "close":
                self.close_connection = True
            case "nonsense":
                self._send(200, "no XML")
            case "well":
                result = f"<{action}Result><EndpointArn>arn:made</EndpointArn></{action}Result>"
                self._send(200, f'<{action}Response xmlns="{NAMESPACE}">{result}</{action}Response>')
            case Refusal(code, status, message):
                error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
                self._send(status, f'<ErrorResponse xmlns="{NAMESPACE}">{error}</ErrorResponse>')

    def _send(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def scripted_sns(*answers: Answer) -> Iterator[tuple[str, Script]]:
    """Its URL. What hangs is let go at the end."""
    script = Script(answers=list(answers))
    server = _Server(script)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", script
    finally:
        script.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()
