"""A small OpenID Connect provider on loopback: discovery document, keys, ID tokens, and what can go wrong with them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from natter.settings import OidcSettings

AUDIENCE = "natter-app"
DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"

type Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Issuer:
    """Answers on `url`; whatever is changed here shows in the next answer."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.settings = OidcSettings(issuer=self.url, audience=AUDIENCE, timeout_s=2.0)
        self.keys: dict[str, Key] = {}
        self.discovery: dict[str, Any] = {"issuer": self.url, "jwks_uri": self.url + KEYS}
        self.extra_keys: list[dict[str, Any]] = []
        """Shown besides those of `keys`."""
        self.replies: dict[str, tuple[int, bytes]] = {}
        """By path: status and body, in the place of the right ones."""
        self.asked: list[str] = []
        """The paths of all requests."""
        self.answering = threading.Event()
        """While it is not set, requests hang."""
        self.answering.set()
        self.add_key("first")

    def add_key(self, key_id: str, key: Key | None = None) -> None:
        self.keys[key_id] = key or ec.generate_private_key(ec.SECP256R1())

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good ones, but for `changes`; None leaves a claim out."""
        now = int(time.time())
        fair = {"iss": self.url, "aud": AUDIENCE, "sub": "ann-1", "iat": now, "exp": now + 300}
        return {name: value for name, value in (fair | changes).items() if value is not None}

    def token(self, key_id: str = "first", *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        key = self.keys[key_id]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(self.claims(**claims), key, algorithm=algorithm, headers={"kid": key_id} | (header or {}))

    def reply(self, path: str) -> tuple[int, bytes]:
        documents = {DISCOVERY: self.discovery, KEYS: {"keys": [*self._public(), *self.extra_keys]}}
        if path in self.replies:
            return self.replies[path]
        return (200, json.dumps(documents[path]).encode()) if path in documents else (404, b"")

    def _public(self) -> Iterator[dict[str, Any]]:
        for key_id, key in self.keys.items():
            if isinstance(key, rsa.RSAPrivateKey):
                shown = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
            else:
                shown = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
            yield {**shown, "kid": key_id, "use": "sig"}


@contextmanager
def issuer() -> Iterator[Issuer]:
    """Runs one until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            running.asked.append(self.path)
            running.answering.wait(timeout=10)
            status, body = running.reply(self.path)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", body.decode())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Tests look at `asked`."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running = Issuer(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield running
        finally:
            running.answering.set()
            server.shutdown()
            thread.join()
