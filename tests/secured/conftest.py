"""A secured cloud of these tests' own: the app as AWS will run it, with doors that want to know who comes."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from local.cloud import Cloud
from tests.support.api import Api
from tests.support.beside import cloud_beside
from tests.support.dead_letters import DeadLetterReader


@pytest.fixture(scope="package")
async def cloud() -> AsyncIterator[Cloud]:
    """Whatever the tests do, nothing was set aside in the end."""
    async with cloud_beside("secured", secured=True) as cloud:
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
