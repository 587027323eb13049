from collections.abc import AsyncIterator

import pytest

from local.cloud import Cloud
from tests.alarms.bells import Bells


@pytest.fixture
async def bells(cloud: Cloud) -> AsyncIterator[Bells]:
    """Those of a cloud in which nothing fails any more afterwards."""
    bells = Bells(cloud)
    await bells.begin()
    yield bells
    bells.end()
    await cloud.faults.clear()
