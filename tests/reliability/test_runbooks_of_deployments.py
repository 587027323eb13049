"""The runbook of a bad deployment, followed: `send` fails since then, until the last good commit is deployed again."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from local.cloud import Cloud
from local.runtime.reload import Reloader
from tests.alarms import scene
from tests.alarms.bells import Bells
from tests.support.api import Api, fresh
from tests.support.runbooks import ROOT, Shell, blocks, filled, of_laptop
from tests.support.socket import is_gateway_failure, message

POISON = "raise RuntimeError('poisoned')\n"
NAMES = ("send-errors",)
WITHIN_S = 60.0
LOOK_S = 0.1


@pytest.fixture
async def bells(cloud: Cloud) -> AsyncIterator[Bells]:
    bells = Bells(cloud)
    await bells.begin()
    yield bells
    bells.end()


class Repository:
    """The function's folder, in a repository of its own: nobody else's code is changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.handler = folder / "functions" / "send" / "handler.py"
        self.handler.parent.mkdir(parents=True)
        self.handler.write_text((ROOT / "functions" / "send" / "handler.py").read_text())
        (folder / "shared").mkdir()
        (folder / "shared" / "same").touch()
        self._git("init", "--quiet")
        self.good = self.committed("good")

    def committed(self, what: str) -> str:
        self._git("add", ".")
        self._git("-c", "user.name=alice", "-c", "user.email=alice@example.com", "commit", "--quiet", "-m", what)
        return self._git("rev-parse", "HEAD")

    def _git(self, *words: str) -> str:
        command = ("git", "-c", "commit.gpgsign=false", *words)
        ran = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=30, check=True)
        return ran.stdout.strip()


@pytest.fixture
async def repository(cloud: Cloud, tmp_path: Path) -> AsyncIterator[Repository]:
    """`send` is run from there, and edited there, as `natter-local run` does with the folder that it is in."""
    repository = Repository(tmp_path / "repository")
    functions = cloud.runtime.functions
    usual = [each for each in functions.current() if each.name.endswith("-send")]
    functions.redefine([replace(each, code=repository.handler.parent) for each in usual])
    reloader = Reloader(functions, built=cloud.root, say=lambda _: None)
    watching = asyncio.create_task(reloader.run())
    yield repository
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    functions.redefine(usual)


class TestBadDeployment:
    async def test_is_over_when_the_last_good_commit_is_deployed_again(
        self, cloud: Cloud, api: Api, bells: Bells, repository: Repository, tmp_path: Path
    ) -> None:
        """What was refused meanwhile comes with the next attempt."""
        talk = await scene.Talk.begin(api)
        await talk.go_on()
        client_id = fresh("m")
        said = {"action": "send", "conversation_id": talk.chat, "messages": [message("hello", client_id)]}

        async def is_accepted() -> bool:
            return (await talk.speaker.ask(said)).get("type") == "ack"

        async def is_refused() -> None:
            assert not await is_accepted()

        repository.handler.write_text(POISON + repository.handler.read_text())
        repository.committed("bad")
        await self._until(lambda: talk.speaker.ask({"action": "send"}), is_gateway_failure)
        await bells.ring(NAMES, is_refused)

        (rollback,) = of_laptop("bad-deployment")
        shell = Shell(cloud, tmp_path, at=repository.folder)
        await shell(filled(rollback, GOOD=repository.good))
        await self._until(is_accepted, bool)
        await talk.listener.event(talk.chat, client_id, within_s=WITHIN_S)
        await bells.over(NAMES, talk.go_on)
        look = blocks("bad-deployment")[3].splitlines()[1]
        smoke = filled(look, HTTP_URL=api.url, WS_URL=api.socket_url)
        await Shell(cloud, tmp_path)(smoke)

    async def _until[Answer](self, asked: Callable[[], Awaitable[Answer]], holds: Callable[[Answer], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not holds(await asked()):  # noqa: ASYNC110 - it is asked again
                await asyncio.sleep(LOOK_S)
