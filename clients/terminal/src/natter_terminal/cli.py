"""`natter chat`."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 1 for an error, which is said on standard error with what to do about it."""
    options = _parser().parse_args(arguments)
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        print("natter: this takes a terminal; for scripts there is natter-client", file=sys.stderr)  # noqa: T201
        return FAILED
    gc.disable()  # until all is drawn: looking for garbage among what is being loaded finds none
    from natter_terminal.app import NatterApp  # noqa: PLC0415 - a wrong option is told without loading all that

    options.store.parent.mkdir(parents=True, exist_ok=True)
    password = os.environ.get("NATTER_PASSWORD")
    app = NatterApp(options.store, url=options.url, username=options.user, password=password)
    app.run()
    return app.return_code or 0


def _home() -> Path:
    data = os.environ.get("XDG_DATA_HOME") or (os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None)
    return Path(data) / "natter" if data else Path.home() / ".local" / "share" / "natter"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="natter", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    chat = commands.add_parser("chat", help="talk, in this terminal")
    chat.add_argument("--url", default=os.environ.get("NATTER_URL"), help="the deployment's HttpUrl [NATTER_URL]")
    chat.add_argument("--user", default=os.environ.get("NATTER_USER"), help="for a first time [NATTER_USER]")
    chat.add_argument("--store", type=Path, default=_home() / "chat.db", help="the file that keeps everything")
    return parser
