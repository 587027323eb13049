"""A process is killed before each of its statements to the store, one after the other; the next goes on from there."""

import os
import subprocess
import sys
from pathlib import Path

from natter_client.store import Store
from tests.clients.python import dying

PROGRAM = Path(dying.__file__)
STEP = os.environ.get("NATTER_CRASH_STEP", "4")
"""Of the statements, each that is a multiple of this: all of them with 1."""
SOURCES = Path(sys.modules["natter_client"].__path__[0]).parent
LEAST = 50
"""Places to die at: with fewer, something is not tried any more."""


def crashed(path: Path) -> None:
    """What is there after the death is what the user was shown; what is there after another process, everything."""
    last = path.stem
    said = [line.split() for line in path.with_suffix(".out").read_text().splitlines()]
    store = Store(path.with_name(f"{last}.dead.db"))
    kept = {entry["client_id"] for _, entry in store.entries()}
    shown = {event["seq"]: event for event in store.events(dying.CHAT)}
    placed = {event["client_id"] for event in shown.values() if event["sender_id"] == "ann" and "client_id" in event}
    assert not kept & placed, f"{last}: twice, as unsent and as placed"
    assert sorted(shown) == list(range(1, len(shown) + 1)), f"{last}: a hole"
    store.close()
    for word, *names in said:
        if word in {"written", "sent"}:
            assert set(names) <= kept | placed, f"{last}: lost after it was shown as {word}"
        if word == "shown":
            assert int(names[0]) in shown, f"{last}: shown, and gone"
    store = Store(path)
    events = [(event["seq"], event.get("client_id")) for event in store.events(dying.CHAT)]
    assert events == [(1, None), (2, "m1"), (3, "b1"), (4, "m2"), (5, None)], last
    assert [entry["client_id"] for _, entry in store.entries()] == ["m3"], last
    assert store.events(dying.CHAT)[1]["reactions"][0]["user_ids"] == ["ben"]
    assert store.cursors(dying.CHAT)["read_seq"] == 4
    store.close()


def test_nothing_is_lost_and_nothing_comes_twice(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "PYTHONUTF8": "1"}
    command = [sys.executable, str(PROGRAM), str(tmp_path), STEP]
    subprocess.run(command, env=environment, check=True, timeout=300)
    dead = [path for path in tmp_path.glob("*.db") if path.stem.isdigit() and path.stem != "0"]
    assert len(dead) >= LEAST / int(STEP)
    for path in dead:
        crashed(path)
