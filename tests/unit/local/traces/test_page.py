"""What Zipkin is told of traces, and how it is run: here by a Java that serves what it is told to, and no more."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from local.engines import jars
from local.progress import Progress
from local.traces import page
from tests.support.until import until

JAVA = f"""#!{sys.executable}
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer

options = dict(each.split("=", 1) for each in sys.argv if each.startswith("--armeria.ports[0]."))
assert options["--armeria.ports[0].protocols[0]"] == "http"
assert sys.argv[sys.argv.index("-jar") + 1].endswith("zipkin.jar")

class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def do_POST(self):
        taken = Path(__file__).with_name("taken.json")
        taken.with_suffix(".new").write_bytes(self.rfile.read(int(self.headers["content-length"])))
        taken.with_suffix(".new").replace(taken)
        self.send_response(202 if self.path == "/api/v2/spans" else 404)
        self.end_headers()

TCPServer((options["--armeria.ports[0].ip"], int(options["--armeria.ports[0].port"])), Server).serve_forever()
"""
TRACE: dict[str, Any] = {
    "id": "8e4f0c7f5f7c1b9a3d5c5e8f0a6b1c2d",
    "spans": [
        {
            "id": "a1b2c3d4e5f60718",
            "parent_id": None,
            "service": "shop",
            "name": "order",
            "began_ns": 1_800_000_000_000_123_456,
            "ended_ns": 1_800_000_000_050_123_456,
            "failed": True,
            "attributes": {"items": 2},
        },
        {
            "id": "a1b2c3d4e5f60719",
            "parent_id": "a1b2c3d4e5f60718",
            "service": "shop",
            "name": "pay",
            "began_ns": 1_800_000_000_000_123_456,
            "ended_ns": 1_800_000_000_000_123_500,
            "failed": False,
            "attributes": {},
        },
    ],
}


def test_spans_are_said_in_the_words_of_zipkin() -> None:
    order, pay = page.spans(TRACE)
    assert order == {
        "traceId": TRACE["id"],
        "id": "a1b2c3d4e5f60718",
        "name": "order",
        "timestamp": 1_800_000_000_000_123,
        "duration": 50_000,
        "localEndpoint": {"serviceName": "shop"},
        "tags": {"items": "2", "error": "true"},
    }
    assert (pay["parentId"], pay["duration"], pay["tags"]) == ("a1b2c3d4e5f60718", 1, {})


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    java = tmp_path / "java"
    java.write_text(JAVA)
    java.chmod(0o700)
    monkeypatch.setenv("NATTER_JAVA", str(java))

    async def fetched(engine: str, _progress: Progress) -> list[Path]:
        return [tmp_path / f"{engine}.jar"]

    monkeypatch.setattr(jars, "fetch", fetched)
    return java


async def test_it_shows_what_there_is_until_it_is_cancelled(
    java: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ""

    def shows() -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return "/zipkin/" in said or showing.done()

    showing = asyncio.create_task(page.show(tmp_path, [TRACE]))
    try:
        await until(shows, "it says where")
    finally:
        showing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await showing
    assert json.loads(java.with_name("taken.json").read_text()) == page.spans(TRACE)
    port = json.loads((tmp_path / ".local" / "ports.json").read_text())["zipkin"]
    assert f"http://127.0.0.1:{port}/zipkin/?lookback=1d&endTs=" in said
    assert "&limit=1\n" in said
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    assert not list((tmp_path / ".local" / "run").iterdir())
