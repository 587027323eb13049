from collections.abc import AsyncIterator, Mapping

import pytest

from tests.security import scene
from tests.security.scene import Scene
from tests.support.api import Api


@pytest.fixture(scope="session")
async def stage(outputs: Mapping[str, str]) -> AsyncIterator[Scene]:
    """Nothing that is refused changes it, so it is set once."""
    async with Api(outputs) as api:
        yield await scene.made(api)
