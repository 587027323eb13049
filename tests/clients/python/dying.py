"""
Processes that write, are answered and shown, and die before their N-th statement: `python dying.py FOLDER STEP`.

Each is a fork of this one, works on FOLDER/N.db and says in FOLDER/N.out what it has shown to its user; then another
one goes on from there to the end. FOLDER/0.db is that of a process that does not die; it says `statements NUMBER`.
"""

import os
import signal
import sqlite3
import sys
from pathlib import Path

from natter_client.actions import Action, Call, Open, Transmit
from natter_client.core.part import Event
from natter_client.engine import Engine
from natter_client.store import Store

AT = 1_000_000
CHAT = "c"


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - for who reads what this process did


def message(seq: int, sender: str, client_id: str) -> Event:
    content = {"type": "text", "text": client_id}
    return {"seq": seq, "type": "message", "at": seq, "sender_id": sender, "client_id": client_id, "content": content}


def created() -> Event:
    return {"seq": 1, "type": "conversation_created", "at": 1, "sender_id": "ben", "kind": "direct", "members": []}


def sync_entry(events: list[Event]) -> dict[str, object]:
    head = events[-1]["seq"]
    seqs = {"first_seq": 1, "head_seq": head, "state_seq": head, "read_seq": 1, "unread": 0}
    return {"conversation_id": CHAT, "events": events, "limited": False, **seqs, "archived": False, "notify": "all"}


def main(path: Path, last: int) -> None:
    store = Store(path)
    statements = 0

    def count(_: str) -> None:
        nonlocal statements
        statements += 1
        if statements == last:
            os.kill(os.getpid(), signal.SIGKILL)

    store.trace(count)
    engine = Engine(store, "ann", lambda: 0.5, AT)

    def done(actions: list[Action]) -> list[Action]:
        for action in actions:
            if isinstance(action, Transmit) and action.frame["action"] == "send":
                say("sent", *(each["client_id"] for each in action.frame["messages"]))
        return actions

    (ticket,) = [each for each in engine.command(AT, "session", {"type": "connect"}) if isinstance(each, Call)]
    (opening,) = [each for each in engine.answered(AT, ticket, {"url": "ws://x"}) if isinstance(each, Open)]
    (sync,) = [each for each in done(engine.opened(AT, opening.socket)) if isinstance(each, Call)]
    done(engine.answered(AT, sync, {"conversations": [sync_entry([created()])], "at": 1}))
    for number in (1, 2, 3):
        client_id = f"m{number}"
        entry = {"client_id": client_id, "conversation_id": CHAT, "action": "send", "state": "queued"}
        if store.entry(client_id) is None and store.placed(CHAT, "ann", client_id) is None:
            done(engine.write(AT, {**entry, "fields": {"content": {"type": "text", "text": client_id}}}))
            say("written", client_id)
    ack = {"type": "ack", "id": "o1", "conversation_id": CHAT, "accepted": [{"client_id": "m1", "at": 2}]}
    done(engine.frame(AT, opening.socket, ack))
    shown = [message(2, "ann", "m1"), message(3, "ben", "b1"), message(4, "ann", "m2")]
    for event in shown:
        frame = {"type": "events", "conversation_id": CHAT, "events": [event]}
        done(engine.frame(AT, opening.socket, frame))
        say("shown", event["seq"])
    reaction = {"seq": 5, "type": "reaction", "at": 5, "sender_id": "ben", "target_seq": 2, "reaction": "👍"}
    done(engine.frame(AT, opening.socket, {"type": "events", "conversation_id": CHAT, "events": [reaction]}))
    done(engine.command(AT, "read_state", {"type": "read", "conversation_id": CHAT, "seq": 4}))
    say("statements", statements)


def forked(path: Path, last: int, said: str = "out") -> None:
    """Have another process do it, and wait for its end."""
    if (child := os.fork()) == 0:
        with path.with_suffix(f".{said}").open("w") as out:
            os.dup2(out.fileno(), 1)
        main(path, last)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status not in {0, signal.SIGKILL}:
        raise SystemExit(f"{path.name}: ended with {status}")


def everyone(folder: Path, step: int) -> None:
    whole = folder / "0.db"
    forked(whole, 0)
    statements = int(whole.with_suffix(".out").read_text().split()[-1])
    for last in range(1, statements + 1, step):
        path = folder / f"{last}.db"
        forked(path, last)
        copied = folder / f"{last}.dead.db"
        with sqlite3.connect(path) as source, sqlite3.connect(copied) as target:
            source.backup(target)
        forked(path, 0, "again")


if __name__ == "__main__":
    everyone(Path(sys.argv[1]), int(sys.argv[2]))
