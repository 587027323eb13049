"""A secured cloud of these tests' own: the app as AWS will run it, with doors that want to know who comes."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from local.cloud import Cloud
from tests.conftest import ROOT
from tests.support.api import Api
from tests.support.dead_letters import DeadLetterReader

PARTS = (".venv", "cdk.json", "clients", "functions", "infra", "layers", "requirements", "shared")


@pytest.fixture(scope="package")
async def cloud() -> AsyncIterator[Cloud]:
    """
    This checkout in a folder of its own, beside the cloud of the other tests. What was synthesized for it is kept.
    Whatever the tests do, nothing was set aside in the end.
    """
    root = ROOT / ".local" / "secured"
    (root / ".local").mkdir(parents=True, exist_ok=True)
    for part in (*PARTS, ".local/venvs"):
        if not (root / part).exists():
            (root / part).symlink_to(ROOT / part)
    async with Cloud(root, secured=True) as cloud:
        letters = DeadLetterReader(cloud.engines["kafka"].address)
        before = await asyncio.to_thread(letters.ends)
        yield cloud
        assert await asyncio.to_thread(letters.since, before) == [], "this was set aside"


@pytest.fixture(scope="package")
def outputs(cloud: Cloud) -> Mapping[str, str]:
    return cloud.app.outputs


@pytest.fixture
async def api(outputs: Mapping[str, str]) -> AsyncIterator[Api]:
    async with Api(outputs) as api:
        yield api
