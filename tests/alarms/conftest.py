"""A cloud in which nothing but these tests makes anything fail: others' faults would ring the same bells."""

from collections.abc import AsyncIterator, Mapping

import pytest

from local.cloud import Cloud
from tests.alarms.bells import Bells
from tests.support.api import Api
from tests.support.beside import cloud_beside


@pytest.fixture(scope="package")
async def cloud() -> AsyncIterator[Cloud]:
    async with cloud_beside("alarms") as cloud:
        yield cloud


@pytest.fixture(scope="package")
def outputs(cloud: Cloud) -> Mapping[str, str]:
    return cloud.app.outputs


@pytest.fixture
async def api(outputs: Mapping[str, str]) -> AsyncIterator[Api]:
    async with Api(outputs) as api:
        yield api


@pytest.fixture
async def bells(cloud: Cloud) -> AsyncIterator[Bells]:
    """Those of a cloud in which nothing fails any more afterwards."""
    bells = Bells(cloud)
    await bells.begin()
    yield bells
    bells.end()
    await cloud.faults.clear()
