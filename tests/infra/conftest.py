from collections.abc import Callable

import pytest

from tests.infra.templates import Templates


@pytest.fixture(params=["dev", "prod"])
def app(request: pytest.FixtureRequest, stages: Callable[[str], Templates]) -> Templates:
    return stages(request.param)


@pytest.fixture
def varied(stages: Callable[[str], Templates]) -> Templates:
    """A stage with token keys that overlap, and an identity provider."""
    return stages("varied")


@pytest.fixture
def prod(stages: Callable[[str], Templates]) -> Templates:
    return stages("prod")
