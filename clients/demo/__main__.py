"""
Two people talk: `python -m clients.demo [OUTPUTS]` against the stack whose outputs are in that file.

Prints what they say with how long each message took, then what wakes one of them who is away, and what they find when
they are back. Ends with status 1 if anything that was sent did not arrive.
"""

# ruff: noqa: T201 - a demo is there to print

import argparse
import asyncio
import contextlib
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from clients.demo.browser import Browser

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


@dataclass
class Person:
    """Somebody signed in, with at most one open socket."""

    name: str
    user_id: str
    device_id: str
    access_token: str
    frames: asyncio.Queue[tuple[float, dict[str, Any]]] = field(default_factory=asyncio.Queue)
    """What arrived, with the time of its arrival."""

    async def arrival(self, kind: str, client_id: str) -> float:
        """
        When the `ack` or the `events` frame with this message arrived, on the clock of `time.perf_counter`.

        Raises:
            DemoFailed: it did not within `DELIVERY_S`, or the message was refused.
        """
        try:
            async with asyncio.timeout(DELIVERY_S):
                while True:
                    at, frame = await self.frames.get()
                    if frame.get("type") == "error" or "type" not in frame:
                        raise DemoFailed(f"{self.name} was refused: {frame}")
                    items = frame.get("accepted" if kind == "ack" else "events", ())
                    if frame["type"] == kind and any(item.get("client_id") == client_id for item in items):
                        return at
        except TimeoutError:
            raise DemoFailed(f"no {kind} for {self.name} within {DELIVERY_S:.0f} s") from None


class Natter:
    """The two APIs of a stack."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url.rstrip("/")

    async def post(self, path: str, body: dict[str, Any], person: Person | None = None) -> Any:
        return await self.call("POST", path, body, person)

    async def call(self, method: str, path: str, body: Any = None, person: Person | None = None) -> Any:
        headers = {"Authorization": f"Bearer {person.access_token}"} if person else {}
        async with self._http.request(method, self._url + path, json=body, headers=headers) as response:
            answer = await response.json(content_type=None)
            if not response.ok:
                raise DemoFailed(f"{method} {path}: {response.status} {answer}")
            return answer

    async def sign_up(self, name: str) -> Person:
        username = f"{name.lower()}_{secrets.token_hex(5)}"
        password = secrets.token_urlsafe(16)
        await self.post("/v1/users", {"username": username, "password": password, "display_name": name})
        session = await self.post("/v1/sessions", {"username": username, "password": password})
        return Person(
            name=name,
            user_id=session["user_id"],
            device_id=session["device_id"],
            access_token=session["access_token"],
        )

    @contextlib.asynccontextmanager
    async def online(self, person: Person) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        ticket = await self.post("/v1/tickets", {}, person)
        async with self._http.ws_connect(ticket["url"]) as socket:
            reader = asyncio.create_task(_read(socket, person))
            try:
                yield socket
            finally:
                await socket.close()
                await reader


async def _read(socket: aiohttp.ClientWebSocketResponse, person: Person) -> None:
    async for message in socket:
        person.frames.put_nowait((time.perf_counter(), json.loads(message.data)))


async def say(
    socket: aiohttp.ClientWebSocketResponse, conversation: str, words: str, sender: Person, reader: Person | None
) -> tuple[float, float | None]:
    """Send a text; milliseconds from the call to its ack, and to the reader's frame if there is a reader."""
    client_id = secrets.token_hex(8)
    content = {"type": "text", "text": words}
    frame = {
        "action": "send",
        "conversation_id": conversation,
        "messages": [{"client_id": client_id, "content": content}],
    }
    began = time.perf_counter()
    await socket.send_str(json.dumps(frame))
    shown = reader.arrival("events", client_id) if reader else _nobody()
    acknowledged_at, shown_at = await asyncio.gather(sender.arrival("ack", client_id), shown)
    return 1000 * (acknowledged_at - began), shown_at and 1000 * (shown_at - began)


async def _nobody() -> None:
    return None


async def demonstrate(outputs: dict[str, str]) -> None:
    timeout = aiohttp.ClientTimeout(total=HTTP_S)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        natter = Natter(http, outputs["HttpUrl"])
        alice, bob = await asyncio.gather(natter.sign_up("Alice"), natter.sign_up("Bob"))
        async with natter.online(alice) as phone:
            async with natter.online(bob) as tablet:
                made = await natter.post("/v1/conversations", {"kind": "direct", "members": [bob.user_id]}, alice)
                await _talk(phone, tablet, made["conversation_id"], alice, bob)
                browser = await _subscribed(http, natter, outputs, bob)
            said = await _say_meanwhile(phone, made["conversation_id"], alice)
            if browser is not None:
                await _wake(http, browser, said)
            await _come_back(natter, made["conversation_id"], bob)


async def _talk(
    phone: aiohttp.ClientWebSocketResponse,
    tablet: aiohttp.ClientWebSocketResponse,
    conversation: str,
    alice: Person,
    bob: Person,
) -> None:
    print("\nTwo people talk (milliseconds from the call: acknowledged, on the other's screen)\n")
    for name, words in TALK:
        socket, sender, reader = (phone, alice, bob) if name == "Alice" else (tablet, bob, alice)
        acknowledged, shown = await say(socket, conversation, words, sender, reader)
        print(f"  {name + ':':7}{words:54}{acknowledged:6.1f}{shown or 0:8.1f}")


async def _subscribed(
    http: aiohttp.ClientSession, natter: Natter, outputs: dict[str, str], person: Person
) -> Browser | None:
    """A browser of the person's that is to be woken; None where the stack has only the internet's push services."""
    if "PushService" not in outputs:
        return None
    key = (await natter.call("GET", "/v1/push/web-key"))["public_key"]
    browser = await Browser.subscribe(http, outputs, key)
    registration = {"provider": "webpush", "token": browser.subscription}
    await natter.call("PUT", f"/v1/devices/{person.device_id}/push", registration, person)
    return browser


async def _say_meanwhile(phone: aiohttp.ClientWebSocketResponse, conversation: str, alice: Person) -> dict[str, float]:
    """Bob is away, Alice writes; when she did."""
    print("\nBob is away\n")
    said: dict[str, float] = {}
    for words in MISSED:
        said[words] = time.perf_counter()
        acknowledged, _ = await say(phone, conversation, words, alice, None)
        print(f"  Alice: {words:54}{acknowledged:6.1f}")
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


async def _come_back(natter: Natter, conversation: str, bob: Person) -> None:
    """Bob connects and asks what he missed."""
    async with natter.online(bob):
        missed = await _sync(natter, conversation, bob)
    print("\nBob is back and syncs\n")
    for words in missed:
        print(f"  Alice: {words}")
    print()


async def _sync(natter: Natter, conversation: str, person: Person) -> Sequence[str]:
    """
    The texts that were missed, as soon as they are stored: an acknowledged message is in the log, and no later than
    `DELIVERY_S` in the conversation.

    Raises:
        DemoFailed: they are not there by then.
    """
    position = {conversation: {"seq": 1 + len(TALK), "read_seq": 1}}
    deadline = time.monotonic() + DELIVERY_S
    while time.monotonic() < deadline:
        answer = await natter.post("/v1/sync", {"positions": position}, person)
        texts = [event["content"]["text"] for entry in answer["conversations"] for event in entry["events"]]
        if texts == list(MISSED):
            return texts
        await asyncio.sleep(0.05)
    raise DemoFailed(f"{person.name} did not get what was written meanwhile")


def main() -> int:
    parser = argparse.ArgumentParser(prog="clients.demo", description="Two people talk through a running stack.")
    parser.add_argument(
        "outputs", nargs="?", type=Path, default=Path(".local/outputs.json"), help="the stack's outputs"
    )
    file = parser.parse_args().outputs
    try:
        asyncio.run(demonstrate(json.loads(file.read_text())))
    except FileNotFoundError:
        print(f"demo: no stack runs here ({file} is missing)", file=sys.stderr)
        return 1
    except TimeoutError:
        print("demo: the stack did not answer in time", file=sys.stderr)
        return 1
    except (DemoFailed, aiohttp.ClientError) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
