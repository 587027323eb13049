"""
A Firefox that a real push service wakes, spoken to by WebDriver BiDi; Chromium without a window cannot subscribe.

It subscribes with a service of ours (`Autopush`), which passes on what the local cloud's push service was given.
"""

import asyncio
import base64
import json
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.support.browsers import Browser, Browsers

START_S = 60.0
ANSWER_S = 30.0
PREFERENCES = {
    "dom.push.testing.allowInsecureServerURL": True,
    "permissions.default.desktop-notification": 1,
    "remote.prefs.recommended": False,  # they turn pushes off
}


def firefox_here() -> str | None:
    """A Firefox on PATH; the tests that need one are skipped without."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Autopush:
    """Mozilla's push service, as far as a Firefox asks: hello, register, notification."""

    def __init__(self, behind: Browsers) -> None:
        self._behind = behind
        self._passing: set[asyncio.Task[None]] = set()
        self.subscriptions: list[Browser] = []

    async def __call__(self, socket: ServerConnection) -> None:
        try:
            while True:
                asked = json.loads(await socket.recv())
                match asked.get("messageType"):
                    case "hello":
                        uaid = asked.get("uaid") or secrets.token_hex(16)
                        answer = {"messageType": "hello", "uaid": uaid, "status": 200, "use_webpush": True}
                    case "register":
                        answer = asked | {"status": 200, "pushEndpoint": await self._subscribe(socket, asked)}
                    case "unregister":
                        answer = asked | {"status": 200}
                    case None:
                        answer = {}
                    case _:
                        continue
                await socket.send(json.dumps(answer))
        except ConnectionClosed:
            return  # so Firefox ends
        finally:
            for task in self._passing:
                task.cancel()

    async def _subscribe(self, socket: ServerConnection, asked: Mapping[str, Any]) -> str:
        browser = await self._behind.subscribe(asked["key"].rstrip("="))
        self.subscriptions.append(browser)
        self._passing.add(asyncio.create_task(self._pass_on(socket, asked["channelID"], browser)))
        return browser.endpoint

    async def _pass_on(self, socket: ServerConnection, channel: str, browser: Browser) -> None:
        async for body in browser.sealed():
            data = base64.urlsafe_b64encode(body).rstrip(b"=").decode()
            headers = {"encoding": "aes128gcm"}
            told = {"messageType": "notification", "channelID": channel, "version": secrets.token_hex(8)}
            await socket.send(json.dumps(told | {"data": data, "headers": headers}))


class Firefox:
    """One that runs; each page is a tab of it."""

    def __init__(self, socket: ClientConnection, autopush: Autopush) -> None:
        self.autopush = autopush
        self._socket = socket
        self._number = 0

    async def open(self, url: str) -> str:
        """The context of a new tab, once it has loaded."""
        context = str((await self.command("browsingContext.create", type="tab"))["context"])
        await self.command("browsingContext.navigate", context=context, url=url, wait="complete")
        return context

    async def evaluate(self, context: str, script: str) -> Any:
        """What the JSON is that `script`, an expression or a promise of it, comes to; as if a person had asked."""
        said = await self.command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({script})))()",
            target={"context": context},
            awaitPromise=True,
            userActivation=True,
        )
        assert said["type"] == "success", said["exceptionDetails"]["text"]
        return json.loads(said["result"].get("value", "null"))

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        await self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        async with asyncio.timeout(ANSWER_S):
            async for text in self._socket:
                said = json.loads(text)
                if said.get("id") == self._number:
                    assert said["type"] == "success", said
                    return dict(said["result"])
        raise AssertionError("it has ended")


@asynccontextmanager
async def running_firefox(program: str, behind: Browsers) -> AsyncIterator[Firefox]:
    autopush = Autopush(behind)
    async with serve(autopush, "127.0.0.1", 0) as server:
        (listening,) = server.sockets
        own = {"dom.push.serverURL": f"ws://127.0.0.1:{listening.getsockname()[1]}/"}
        with tempfile.TemporaryDirectory() as profile:
            lines = [
                f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in (PREFERENCES | own).items()
            ]
            (Path(profile) / "user.js").write_text("\n".join(lines))
            process = await asyncio.create_subprocess_exec(
                *(program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"),
                stderr=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
            )
            reading: asyncio.Task[bytes] | None = None
            try:
                async with asyncio.timeout(START_S):
                    address = await _address(process)
                assert process.stderr is not None
                reading = asyncio.create_task(process.stderr.read())
                async with connect(f"{address}/session", max_size=None) as socket:
                    firefox = Firefox(socket, autopush)
                    await firefox.command("session.new", capabilities={})
                    yield firefox
            finally:
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
                process.kill()
                await process.wait()
                if reading is not None:
                    await reading


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        _, said, address = line.decode().strip().partition("WebDriver BiDi listening on ")
        if said:
            return address
    raise AssertionError("Firefox has ended")
