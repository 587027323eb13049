"""`natter-client`: a ticket, sending lines and files, events as JSON lines, saving files, export of the store."""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from natter_client.client import Client
from natter_client.conversation import Conversation, Sent
from natter_client.errors import NatterError
from natter_client.events import Attachment
from natter_client.store import Store

FAILED, INTERRUPTED, TERMINATED = 1, 130, 143
BLOCK = 65_536
"""Of standard input, at most at once."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 1 for an error, which is said on standard error with what to do about it."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_COMMANDS[options.command](options))
    except (NatterError, ValueError) as error:
        print(f"natter-client: {error}", file=sys.stderr)  # noqa: T201
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except asyncio.CancelledError:
        return TERMINATED
    except BrokenPipeError:  # who read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"natter-client: {error}", file=sys.stderr)  # noqa: T201
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="natter-client", description=__doc__)
    parser.add_argument("--url", default=os.environ.get("NATTER_URL"), help="the deployment's HttpUrl [NATTER_URL]")
    parser.add_argument("--store", type=Path, default=Path("natter.db"), help="the file that keeps everything")
    parser.add_argument("--user", default=os.environ.get("NATTER_USER"), help="for a first time [NATTER_USER]")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("ticket", help="print the URL that opens one WebSocket within 30 s")
    send = commands.add_parser("send", help="say each line of standard input; ends when all have their place")
    where = send.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", metavar="USERNAME")
    where.add_argument("--in", dest="conversation", metavar="CONVERSATION_ID")
    send.add_argument("--file", type=Path, action="append", default=[], help="send this instead; may be repeated")
    send.add_argument("--text", help="the caption of the file, of several of the first")
    save = commands.add_parser("save", help="bring a file that a message shows")
    save.add_argument("--in", dest="conversation", metavar="CONVERSATION_ID", required=True)
    save.add_argument("attachment", metavar="ATTACHMENT_ID", help="as `tail` and `export` print it")
    save.add_argument("path", type=Path, nargs="?", default=Path(), help="to here; in a folder under its own name")
    tail = commands.add_parser("tail", help="print what happens, one JSON object a line")
    tail.add_argument("--consumer", help="go on where the consumer of this name was")
    export = commands.add_parser(
        "export", help="print all events that the store holds, one JSON object a line; offline"
    )
    export.add_argument("--in", dest="conversation", metavar="CONVERSATION_ID")
    return parser


def _client(options: argparse.Namespace) -> Client:
    """The password comes from NATTER_PASSWORD: an argument would be seen by all on the machine."""
    if options.url is None:
        raise ValueError("say where: --url or NATTER_URL")
    password = os.environ.get("NATTER_PASSWORD")
    return Client(options.url, store=options.store, username=options.user, password=password, device="natter-client")


async def _ticket(options: argparse.Namespace) -> None:
    async with _client(options) as client:
        print((await client.request("POST", "/v1/tickets"))["url"])  # noqa: T201


async def _send(options: argparse.Namespace) -> None:
    if options.text is not None and not options.file:
        raise ValueError("--text is the caption of a --file; lines are read from standard input")
    async with _client(options) as client:
        if options.to is not None:
            conversation = await client.direct(options.to)
        else:
            conversation = client.conversation(options.conversation)
        if options.file:
            written = await _files(conversation, options.file, options.text)
        else:
            written = [conversation.write(line.rstrip("\r\n")) async for line in _lines() if line.strip()]
        for sent in written:
            _print({"client_id": sent.client_id, "seq": await sent.placed()})


async def _files(conversation: Conversation, paths: Sequence[Path], text: str | None) -> list[Sent]:
    captions = [text, *[None] * (len(paths) - 1)]
    return [
        await conversation.send_file(path, text=caption, progress=_shown)
        for path, caption in zip(paths, captions, strict=True)
    ]


async def _save(options: argparse.Namespace) -> None:
    async with _client(options) as client:
        attachment = Attachment(options.conversation, options.attachment)
        _print({"saved": str(await client.save_attachment(attachment, options.path, progress=_shown))})


def _shown(done: int, size: int) -> None:
    """How far it is, to who looks on."""
    if sys.stderr.isatty():
        percent = 100 * done // size if size else 100
        print(f"\r{percent:3} %", end="\n" if done == size else "", file=sys.stderr, flush=True)  # noqa: T201


async def _lines() -> AsyncIterator[str]:
    """
    Of standard input, as they come. What reads it is a thread that nobody waits for: Ctrl-C ends this while it is
    open. It reads the file itself, since the end of Python wants the lock of `sys.stdin`.
    """
    loop, blocks = asyncio.get_running_loop(), asyncio.Queue[bytes]()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            while block := os.read(sys.stdin.fileno(), BLOCK):
                loop.call_soon_threadsafe(blocks.put_nowait, block)
            loop.call_soon_threadsafe(blocks.put_nowait, b"")

    threading.Thread(target=read, name="standard input", daemon=True).start()
    rest = b""
    while block := await blocks.get():
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line.decode(sys.stdin.encoding, sys.stdin.errors or "strict")
    yield rest.decode(sys.stdin.encoding, sys.stdin.errors or "strict")


async def _tail(options: argparse.Namespace) -> None:
    async with _client(options) as client:
        task = asyncio.current_task()
        if task is not None and sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async for event in client.events(options.consumer):
            fields = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
            _print({"type": type(event).__name__, **fields})


async def _export(options: argparse.Namespace) -> None:
    if not options.store.is_file():
        raise ValueError(f"{options.store}: there is no such store")
    store = Store(options.store)
    try:
        names = store.conversation_ids() if options.conversation is None else [options.conversation]
        for name in names:
            for event in store.events(name, limit=2**62):
                _print({"conversation_id": name, **event})
    finally:
        store.close()


def _print(fields: dict[str, Any]) -> None:
    """A line of JSON, out at once."""
    print(json.dumps(fields, ensure_ascii=False, default=_plain), flush=True)  # noqa: T201


def _plain(value: Any) -> Any:
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else str(value)


_COMMANDS = {"ticket": _ticket, "send": _send, "save": _save, "tail": _tail, "export": _export}
