"""
Two people talk: `python -m clients.demo [OUTPUTS]` against the stack whose outputs are in that file.

Prints what they say with how long each message took, then what wakes one of them who is away, and what they find when
they are back. Ends with status 1 if anything that was sent did not arrive. With BOT=NAME in the environment, a bot of
clients/bots serves instead.
"""

# ruff: noqa: T201 - a demo is there to print

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from pathlib import Path

import aiohttp

from clients.bots.running import beside
from clients.demo.browser import Browser
from natter_client import Client, ClientEvent, Conversation, MessageReceived, NatterError, Sent, sign_up

DELIVERY_S = 10.0
PUSH_S = 20.0
HTTP_S = 20.0
TALK = (
    ("Alice", "Hi Bob! Is anybody out there?"),
    ("Bob", "Right here. That was quick."),
    ("Alice", "You are in the log, in the store and on my screen."),
    ("Bob", "In that order, I hope?"),
    ("Alice", "Persist, then deliver. Always."),
    ("Bob", "I have to go. Tell me later how it ends!"),
)
MISSED = ("Bob?", "It ends well: nothing that was acknowledged is lost.")


class DemoFailed(Exception):
    """The stack did not do what it should."""


class Person:
    """Somebody who has signed up; their phone, or tablet, is a store that outlives its connections."""

    def __init__(self, name: str, url: str, folder: Path) -> None:
        self.name, self.username = name, f"{name.lower()}_{secrets.token_hex(5)}"
        self._url, self._folder, self._password = url, folder, secrets.token_urlsafe(16)

    async def sign_up(self) -> None:
        await sign_up(self._url, self.username, self._password, display_name=self.name)

    @contextlib.asynccontextmanager
    async def online(self) -> AsyncIterator[Client]:
        store = self._folder / f"{self.username}.db"
        async with Client(self._url, store=store, username=self.username, password=self._password) as client:
            async with _deadline(DELIVERY_S, f"{self.name} does not get online"):
                await client.synced()
            yield client


@contextlib.asynccontextmanager
async def _deadline(seconds: float, what: str) -> AsyncIterator[None]:
    """
    Raises:
        DemoFailed: the block took longer.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise DemoFailed(f"{what} within {seconds:.0f} s") from None


async def demonstrate(outputs: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        alice, bob = (Person(name, outputs["HttpUrl"], Path(folder)) for name in ("Alice", "Bob"))
        await asyncio.gather(alice.sign_up(), bob.sign_up())
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=HTTP_S)) as http, alice.online() as phone:
            async with bob.online() as tablet:
                chat = await phone.direct(bob.username)
                await _talk(chat, phone, tablet)
                browser = await _subscribed(http, outputs, tablet)
            said = await _say_meanwhile(chat)
            if browser is not None:
                await _wake(http, browser, said)
            await _come_back(bob, chat.conversation_id)


async def _talk(chat: Conversation, phone: Client, tablet: Client) -> None:
    print("\nTwo people talk (milliseconds from the call: acknowledged, on the other's screen)\n")
    of_bob = tablet.conversation(chat.conversation_id)
    for name, words in TALK:
        mine, reader = (chat, tablet) if name == "Alice" else (of_bob, phone)
        screen = reader.events()
        began = time.perf_counter()
        sent = mine.write(words)
        async with _deadline(DELIVERY_S, f"{name}'s message does not arrive"):
            acknowledged_s, shown_s = await asyncio.gather(
                _took(sent.accepted(), began), _took(_seen(screen, sent), began)
            )
        await screen.aclose()
        print(f"  {name + ':':7}{words:54}{1000 * acknowledged_s:6.1f}{1000 * shown_s:8.1f}")


async def _took(work: Awaitable[None], began: float) -> float:
    await work
    return time.perf_counter() - began


async def _seen(screen: AsyncIterator[ClientEvent], sent: Sent) -> None:
    """Wait until a message is on a screen."""
    async for event in screen:
        if isinstance(event, MessageReceived) and event.message.client_id == sent.client_id:
            return


async def _subscribed(http: aiohttp.ClientSession, outputs: Mapping[str, str], tablet: Client) -> Browser | None:
    """A browser of the person's that is to be woken; None where the stack has only the internet's push services."""
    if "PushService" not in outputs:
        return None
    key = (await tablet.request("GET", "/v1/push/web-key"))["public_key"]
    browser = await Browser.subscribe(http, dict(outputs), key)
    registration = {"provider": "webpush", "token": browser.subscription}
    await tablet.request("PUT", f"/v1/devices/{tablet.device_id}/push", registration)
    return browser


async def _say_meanwhile(chat: Conversation) -> dict[str, float]:
    """Bob is away, Alice writes; when she did."""
    print("\nBob is away\n")
    said: dict[str, float] = {}
    for words in MISSED:
        said[words] = time.perf_counter()
        async with _deadline(DELIVERY_S, "Alice's message is not acknowledged"):
            await chat.send(words)
        print(f"  Alice: {words:54}{1000 * (time.perf_counter() - said[words]):6.1f}")
    return said


async def _wake(http: aiohttp.ClientSession, browser: Browser, said: dict[str, float]) -> None:
    """
    What Bob's browser shows, though Natter is open nowhere.

    Raises:
        DemoFailed: it was not woken with all of it within `PUSH_S`.
    """
    shown: dict[str, tuple[str, float]] = {}
    deadline = time.monotonic() + PUSH_S
    while len(shown) < len(said):
        if time.monotonic() > deadline:
            raise DemoFailed(f"Bob's browser was woken with {len(shown)} of {len(said)} messages")
        for push in await browser.woken(http):
            shown[push["body"]] = push["title"], time.perf_counter() - said[push["body"]]
    print("\nBob's browser is woken (milliseconds from the call; who is away is let be for two seconds)\n")
    for words in said:
        title, took_s = shown[words]
        print(f"  {title + ':':7}{words:54}{1000 * took_s:6.0f}")


async def _come_back(bob: Person, conversation_id: str) -> None:
    """
    Bob connects, and what he missed is there as soon as it is stored: what was acknowledged is in the log.

    Raises:
        DemoFailed: it is not there within `DELIVERY_S`.
    """
    async with bob.online() as tablet, _deadline(DELIVERY_S, "Bob does not get what was written meanwhile"):
        while (texts := _missed(tablet.conversation(conversation_id))) != list(MISSED):
            await tablet.watcher(conversation_id).wait()
    print("\nBob is back and syncs\n")
    for words in texts:
        print(f"  Alice: {words}")
    print()


def _missed(chat: Conversation) -> list[str]:
    return [message.text for message in chat.messages() if message.seq > 1 + len(TALK)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="clients.demo", description="Two people talk through a running stack.")
    parser.add_argument(
        "outputs", nargs="?", type=Path, default=Path(".local/outputs.json"), help="the stack's outputs"
    )
    file = parser.parse_args().outputs
    try:
        outputs = json.loads(file.read_text())
        asyncio.run(beside(outputs, bot) if (bot := os.environ.get("BOT")) else demonstrate(outputs))
    except FileNotFoundError:
        print(f"demo: no stack runs here ({file} is missing)", file=sys.stderr)
        return 1
    except ModuleNotFoundError as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except (DemoFailed, NatterError, aiohttp.ClientError) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
