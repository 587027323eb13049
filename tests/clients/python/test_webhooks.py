"""Webhooks in and out, against the fake cloud: who may speak, and that what was taken is said once and in order."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient as HookClient
from aiohttp.test_utils import TestServer as HookServer

from clients.webhooks.incoming import incoming
from clients.webhooks.outgoing import forward
from clients.webhooks.signing import is_good, secret_of, signed
from natter_client import Client
from natter_client.testing import FakeServer
from natter_client.testing.server import PASSWORD
from tests.clients.python.ceiling import all_bounded, until

SECRET = b"0123456789abcdef0123456789abcdef"
NOW_S = 1_800_000_000


class Stage:
    """Ann and a robot in one conversation; the robot's hook."""

    def __init__(self, server: FakeServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.ann, self.robot = server.user("ann"), server.user("robot")
        self.chat = server.world.begin(self.ann.user_id, [self.robot.user_id])[0].conversation_id

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        store = self.folder / "robot.db"
        async with Client(self.server.http_url, store=store, username="robot", password=PASSWORD) as client:
            await client.synced()
            yield client

    @property
    def said(self) -> list[str]:
        return self.server.texts(self.chat)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with FakeServer() as server:
        yield Stage(server, tmp_path)


def body_of(text: object) -> bytes:
    return json.dumps({"text": text}).encode()


@all_bounded
class TestSigning:
    @pytest.mark.parametrize("late_s", [-300, 0, 300])
    async def test_what_is_signed_is_good_for_five_minutes(self, late_s: int) -> None:
        assert good(signed("/hook", b"body", SECRET, NOW_S), "/hook", b"body", NOW_S + late_s)

    @pytest.mark.parametrize("late_s", [-301, 301])
    async def test_before_and_after_it_is_not(self, late_s: int) -> None:
        assert not good(signed("/hook", b"body", SECRET, NOW_S), "/hook", b"body", NOW_S + late_s)

    async def test_it_is_good_for_nothing_else(self) -> None:
        url = signed("/hook", b"body", SECRET, NOW_S)
        assert not good(url, "/other", b"body", NOW_S)
        assert not good(url, "/hook", b"other", NOW_S)
        assert not good(url.replace(f"at={NOW_S}", f"at={NOW_S + 1}"), "/hook", b"body", NOW_S)
        assert not good(signed("/hook", b"body", b"x" * 32, NOW_S), "/hook", b"body", NOW_S)
        assert not is_good("/hook", str(NOW_S), "ä\udce9", b"body", SECRET, now_s=NOW_S)

    async def test_a_short_secret_is_none(self) -> None:
        with pytest.raises(ValueError, match="32"):
            secret_of("too short")


def good(url: str, path: str, body: bytes, now_s: float) -> bool:
    query = dict(each.split("=") for each in url.partition("?")[2].split("&"))
    return is_good(path, query["at"], query["signature"], body, SECRET, now_s=now_s)


@all_bounded
class TestIncoming:
    async def test_what_is_signed_is_said_once(self, stage: Stage) -> None:
        async with (
            stage.client() as client,
            HookClient(HookServer(incoming(client, SECRET, lambda: NOW_S))) as hook,
        ):
            url = signed(f"/{stage.chat}", body_of("the build\nis red"), SECRET, NOW_S - 10)
            for _ in range(3):
                async with hook.post(url, data=body_of("the build\nis red")) as answer:
                    assert answer.status == 202
            await until(lambda: stage.said)
            async with hook.post(signed(f"/{stage.chat}", body_of("green"), SECRET, NOW_S), data=body_of("green")):
                pass
            await until(lambda: len(stage.said) > 1)
            assert stage.said == ["the build\nis red", "green"]

    async def test_it_is_on_disk_though_the_cloud_is_away(self, stage: Stage) -> None:
        async with (
            stage.client() as client,
            HookClient(HookServer(incoming(client, SECRET, lambda: NOW_S))) as hook,
        ):
            stage.server.unreachable = True
            stage.server.cut()
            url = signed(f"/{stage.chat}", body_of("kept"), SECRET, NOW_S)
            async with hook.post(url, data=body_of("kept")) as answer:
                assert answer.status == 202
        stage.server.unreachable = False
        async with stage.client():
            await until(lambda: stage.said == ["kept"])

    async def test_others_are_refused(self, stage: Stage) -> None:
        body = body_of("no")
        url = signed(f"/{stage.chat}", body, SECRET, NOW_S)
        elsewhere, _ = stage.server.world.begin(stage.ann.user_id, [stage.server.user("cem").user_id])
        theirs = f"/{elsewhere.conversation_id}"
        refused = [
            (f"/{stage.chat}", body, 401),
            (url.replace("signature=", "signature=0"), body, 401),
            (url, body_of("other words"), 401),
            (signed(f"/{stage.chat}", body, SECRET, NOW_S - 301), body, 401),
            (signed(theirs, body, SECRET, NOW_S), body, 404),
            *(
                (signed(f"/{stage.chat}", bad, SECRET, NOW_S), bad, 400)
                for bad in (b"", b"[]", b"{}", body_of(" "), body_of(7), body_of("\x07"), body_of("\udce9"))
            ),
            (signed(f"/{stage.chat}", bytes(70_000), SECRET, NOW_S), bytes(70_000), 413),
        ]
        async with (
            stage.client() as client,
            HookClient(HookServer(incoming(client, SECRET, lambda: NOW_S))) as hook,
        ):
            for where, data, status in refused:
                async with hook.post(where, data=data) as answer:
                    assert (answer.status, data[:20]) == (status, data[:20])
            assert client.conversation(stage.chat).unsent() == []
        assert stage.said == []


class Receiver:
    """Takes what the hook posts, after it has answered `statuses`."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.texts: list[str] = []
        self.ids: list[str] = []
        app = web.Application()
        app.router.add_post("/chat", self._take)
        self.server = HookServer(app)

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        at, signature = request.query["at"], request.query["signature"]
        if not is_good(request.path, at, signature, body, SECRET, now_s=int(at)):
            return web.Response(status=401)
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        self.texts.append(json.loads(body)["text"])
        self.ids.append(json.loads(body)["id"])
        return web.Response(status=204)

    @contextlib.asynccontextmanager
    async def hooked(self, stage: Stage) -> AsyncIterator[Client]:
        async with stage.client() as client:
            task = asyncio.create_task(forward(client, stage.chat, str(self.server.make_url("/chat")), SECRET))
            await asyncio.sleep(0)
            try:
                yield client
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


@all_bounded
class TestOutgoing:
    async def test_what_others_say_arrives_in_order(self, stage: Stage) -> None:
        receiver = Receiver()
        async with receiver.server, receiver.hooked(stage) as client:
            stage.server.say(stage.ann, stage.chat, "one", "two")
            await until(lambda: len(receiver.texts) > 1)
            await (await client.conversation(stage.chat).send("of its own")).placed()
            stage.server.say(stage.ann, stage.chat, "three")
            await until(lambda: len(receiver.texts) > 2)
        assert receiver.texts == ["one", "two", "three"]
        assert receiver.ids == [f"{stage.chat}:{seq}" for seq in (2, 3, 5)]

    async def test_what_fails_is_sent_again_and_what_is_refused_is_not(self, stage: Stage) -> None:
        receiver = Receiver(503, 429, 400)
        async with receiver.server, receiver.hooked(stage):
            stage.server.say(stage.ann, stage.chat, "refused after two failures", "taken")
            await until(lambda: receiver.texts)
        assert (receiver.texts, receiver.statuses) == (["taken"], [])

    async def test_it_goes_on_where_it_was(self, stage: Stage) -> None:
        receiver = Receiver()
        async with receiver.server:
            async with receiver.hooked(stage):
                stage.server.say(stage.ann, stage.chat, "before")
                await until(lambda: receiver.texts)
            stage.server.say(stage.ann, stage.chat, "while away")
            async with receiver.hooked(stage):
                await until(lambda: len(receiver.texts) > 1)
        assert set(receiver.texts) == {"before", "while away"}
        assert receiver.texts[-1] == "while away"

    async def test_while_nobody_answers_it_waits(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        receiver = Receiver()
        post = aiohttp.ClientSession.post
        tries = iter(range(3))

        def broken(self: aiohttp.ClientSession, url: str, **fields: object) -> object:
            if next(tries, None) is not None:
                raise aiohttp.ClientConnectionError
            return post(self, url, **fields)  # type: ignore[arg-type]

        monkeypatch.setattr(aiohttp.ClientSession, "post", broken)
        async with receiver.server, receiver.hooked(stage):
            stage.server.say(stage.ann, stage.chat, "at last")
            await until(lambda: receiver.texts)
        assert receiver.texts == ["at last"]
