"""A secured cloud: the app as AWS will run it, with doors that want to know who comes."""

from collections.abc import AsyncIterator, Mapping

import pytest

from local.cloud import Cloud
from tests.support.api import Api


@pytest.fixture(scope="package")
def cloud(secured_cloud: Cloud) -> Cloud:
    return secured_cloud


@pytest.fixture(scope="package")
def outputs(cloud: Cloud) -> Mapping[str, str]:
    return cloud.app.outputs


@pytest.fixture
async def api(outputs: Mapping[str, str]) -> AsyncIterator[Api]:
    async with Api(outputs) as api:
        yield api
