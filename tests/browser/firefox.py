"""
A Firefox that a real push service wakes, spoken to by WebDriver BiDi; Chromium without a window cannot subscribe.

It subscribes with a service of ours (`Autopush`), which passes on what the local cloud's push service was given.
"""

import asyncio
import base64
import json
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.support.browsers import Browser, Browsers

START_S = 60.0
ANSWER_S = 60.0
"""For what happens in the blink of an eye, on a machine that does something else, too."""
NOBODY = 9
"""A port at which nobody listens."""
PREFERENCES = {
    "dom.push.connection.enabled": True,  # by default, who is remote-controlled has no pushes
    "dom.push.testing.allowInsecureServerURL": True,
    "alerts.useSystemBackend": False,  # where there is no desktop, nothing would be shown, or kept
    "devtools.console.stdout.content": True,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    # Nothing but loopback is reached: it asks its makers for this and that when it starts.
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": NOBODY,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": NOBODY,
    "network.trr.mode": 5,
}


def firefox_here() -> str | None:
    """A Firefox on PATH; the tests that need one are skipped without."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Autopush:
    """Mozilla's push service, as far as a Firefox asks: hello, register, notification, ack."""

    def __init__(self, behind: Browsers) -> None:
        self._behind = behind
        self._passing: set[asyncio.Task[None]] = set()
        self.codes: asyncio.Queue[int] = asyncio.Queue()
        """What became of each push: 100, a service worker was given it; 101, it could not be decrypted; 102, else."""

    async def __call__(self, socket: ServerConnection) -> None:
        try:
            while True:
                if answer := await self._answer(socket, json.loads(await socket.recv())):
                    await socket.send(json.dumps(answer))
        except ConnectionClosed:
            return  # so Firefox ends
        finally:
            for task in self._passing:
                task.cancel()

    async def _answer(self, socket: ServerConnection, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        match asked.get("messageType"):
            case "hello":
                return {"messageType": "hello", "uaid": secrets.token_hex(16), "status": 200, "use_webpush": True}
            case "register":
                endpoint = await self._subscribe(socket, asked)
                answer = {"messageType": "register", "channelID": asked["channelID"], "status": 200}
                return answer | {"pushEndpoint": endpoint}
            case "unregister":
                return dict(asked) | {"status": 200}
            case "ack":
                for update in asked["updates"]:
                    self.codes.put_nowait(update["code"])
                return None
            case _:
                return None

    async def _subscribe(self, socket: ServerConnection, asked: Mapping[str, Any]) -> str:
        browser = await self._behind.subscribe(asked["key"].rstrip("="))
        self._passing.add(asyncio.create_task(self._pass_on(socket, asked["channelID"], browser)))
        return browser.endpoint

    async def _pass_on(self, socket: ServerConnection, channel: str, browser: Browser) -> None:
        async for body in browser.sealed():
            data = base64.urlsafe_b64encode(body).rstrip(b"=").decode()
            told = {"messageType": "notification", "channelID": channel, "version": secrets.token_hex(8)}
            await socket.send(json.dumps(told | {"data": data, "headers": {"encoding": "aes128gcm"}}))


class Firefox:
    """One that runs; each page is a tab of it."""

    def __init__(self, socket: ClientConnection, autopush: Autopush) -> None:
        self.autopush = autopush
        self.complaints: list[str] = []
        """Errors on the console of any page, as far as answers were waited for since."""
        self._socket = socket
        self._number = 0

    async def open(self, url: str) -> str:
        """The context of a new tab, once it has loaded."""
        context = str((await self.command("browsingContext.create", type="tab"))["context"])
        await self.go(context, url)
        return context

    async def go(self, context: str, url: str) -> None:
        await self.command("browsingContext.navigate", context=context, url=url, wait="complete")

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

    async def until(self, context: str, holds: str) -> Any:
        """What `holds` comes to, once that is something."""
        return await self.evaluate(context, UNTIL % holds)

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        await self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        async with asyncio.timeout(ANSWER_S):
            async for text in self._socket:
                said = json.loads(text)
                if said.get("method") == "log.entryAdded" and said["params"]["level"] == "error":
                    self.complaints.append(str(said["params"]["text"]))
                if said.get("id") == self._number:
                    assert said["type"] == "success", said
                    return dict(said["result"])
        raise AssertionError("Firefox has ended")


UNTIL = """(async () => {
  for (;;) {
    const found = await (%s);
    if (found && found.length !== 0) return found;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
})()"""


@asynccontextmanager
async def running_firefox(program: str, behind: Browsers) -> AsyncIterator[Firefox]:
    autopush = Autopush(behind)
    async with serve(autopush, "127.0.0.1", 0) as server:
        (listening,) = server.sockets
        own = {"dom.push.serverURL": f"ws://127.0.0.1:{listening.getsockname()[1]}/"}
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            lines = [f"user_pref({json.dumps(name)}, {json.dumps(it)});" for name, it in (PREFERENCES | own).items()]
            (Path(profile) / "user.js").write_text("\n".join(lines))
            async with _process(program, profile) as address, connect(f"{address}/session", max_size=None) as socket:
                firefox = Firefox(socket, autopush)
                await firefox.command("session.new", capabilities={})
                await firefox.command("session.subscribe", events=["log.entryAdded"])
                yield firefox


@asynccontextmanager
async def _process(program: str, profile: str) -> AsyncIterator[str]:
    """Where it is spoken to; in the end, it and all that it has started are gone."""
    process = await asyncio.create_subprocess_exec(
        *(program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"MOZ_CRASHREPORTER_DISABLE": "1"},
        start_new_session=True,  # a group of its own
    )
    assert process.stderr is not None
    reading: asyncio.Task[bytes] | None = None
    try:
        async with asyncio.timeout(START_S):
            address = await _address(process.stderr)
        reading = asyncio.create_task(process.stderr.read())
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if reading is not None:
            await reading


async def _address(said: asyncio.StreamReader) -> str:
    async for line in said:
        _, listens, address = line.decode().strip().partition("WebDriver BiDi listening on ")
        if listens:
            return address
    raise AssertionError("Firefox has ended")
