"""
`natter-smoke HTTP_URL WS_URL`: the promises that show from outside, looked at on a deployment, here or on AWS.

Three users are made for it, and erased in the end, whatever happens. Ends with 0 if all is as it should be, else 1.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address
from secrets import token_urlsafe
from urllib.parse import urlsplit

from tests.smoke import people, questions, talking
from tests.smoke.run import Check, Row, is_good, lines, run
from tests.smoke.scene import Scene
from tests.support.api import Api

WITHIN_S = 15.0
"""How long to wait by default: only a broken deployment makes one wait that long."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    outputs = {"HttpUrl": options.http_url, "WebSocketUrl": options.ws_url}
    rows = asyncio.run(smoke(outputs, within_s=options.within))
    passed = {row.check for row in rows if row.result == "ok"}
    print("\n".join([*lines(rows), "", *questions.lines(passed, on_aws=not _is_loopback(options.http_url))]))  # noqa: T201
    if not is_good(rows):
        print("natter-smoke: not as it should be", file=sys.stderr)  # noqa: T201
        return 1
    return 0


async def smoke(outputs: dict[str, str], *, within_s: float) -> list[Row]:
    """All checks on the deployment with these outputs (`HttpUrl`, `WebSocketUrl`)."""
    async with Api(outputs, password=token_urlsafe(24)) as api:
        return await run(checks(Scene(api, within_s)))


def checks(scene: Scene) -> list[Check]:
    """In their order: later ones look at what earlier ones have made."""
    there, connected, said = ("sign-up",), ("sign-up", "connect"), ("sign-up", "connect", "send")
    return [
        Check(name="health", promises="", step=partial(people.health, scene)),
        Check(name="sign-up", promises="", step=partial(people.sign_up, scene)),
        Check(name="connect", promises="", step=partial(talking.connect, scene), needs=there),
        Check(name="send", promises="P1", step=partial(talking.send, scene), needs=connected),
        Check(name="deliver", promises="P2 P4", step=partial(talking.deliver, scene), needs=said),
        Check(name="history", promises="P1 P2 P5", step=partial(talking.history, scene), needs=said),
        Check(name="retry", promises="P3", step=partial(talking.retry, scene), needs=said),
        Check(name="unread", promises="P6", step=partial(talking.unread, scene), needs=said),
        Check(name="sync", promises="P1 P2", step=partial(talking.sync, scene), needs=said),
        Check(name="strangers", promises="P8", step=partial(talking.strangers, scene), needs=said),
        Check(name="presence", promises="", step=partial(people.presence, scene), needs=connected),
        Check(name="group", promises="P8", step=partial(people.group, scene), needs=connected),
        Check(name="attachment", promises="P8", step=partial(people.attachment, scene), needs=said),
        Check(name="push", promises="", step=partial(people.push, scene), needs=there),
        Check(name="sign-out", promises="", step=partial(people.sign_out, scene), needs=there),
        Check(name="erasure", promises="", step=partial(people.erasure, scene), always=True),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="natter-smoke", description="Look at a deployment's promises from outside. Its users are made and erased."
    )
    parser.add_argument("http_url", help="output HttpUrl")
    parser.add_argument("ws_url", help="output WebSocketUrl")
    parser.add_argument(
        "--within",
        type=float,
        default=WITHIN_S,
        metavar="SECONDS",
        help="how long to wait for what should come at once (default: %(default)s)",
    )
    return parser


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
