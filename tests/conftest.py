"""
The system under test: by default a local cloud of this session, made from this checkout.

`NATTER_SECURED=1` has it be one whose engines want to know who comes, as on AWS (docs/local-cloud.md).
`NATTER_OUTPUTS=FILE` points the black-box tests (`e2e`) at one that runs already, here or on AWS.
"""

import asyncio
import functools
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from local.cloud import Cloud
from local.keyspaces import Guard
from tests.infra.templates import Templates, synthesized
from tests.support.accounts import unaccounted
from tests.support.api import Api
from tests.support.beside import cloud_beside
from tests.support.confidential import leaked, named
from tests.support.dead_letters import DeadLetterReader, unplanted
from tests.support.lag import caught_up
from tests.support.metered import undeclared
from tests.support.traces import told
from tests.support.workers import SharesScheduling

ROOT = Path(__file__).parents[1]
LOGS = ROOT / ".local" / "logs"
"""Of the functions of the session's cloud."""
CAUGHT_UP_WITHIN_S = 60.0

# No test is timed: what is slow here is a machine that does something else, and shows nothing of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.hookimpl(optionalhook=True)  # without xdist (`-p no:xdist`) there is nothing to schedule
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharesScheduling:
    """How `pytest -n 2` divides the tests."""
    return SharesScheduling(config, log)


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Templates]:
    """The app's templates; each stage is synthesized when a test first asks for it."""
    return functools.cache(lambda stage: synthesized(stage, tmp_path_factory.mktemp(stage)))


@pytest.fixture(scope="session")
def planted() -> set[str]:
    """Keys of what tests have put into the log so that it is set aside, and places in it of what they have removed."""
    return set()


@pytest.fixture(scope="session")
async def cloud(planted: set[str]) -> AsyncIterator[Cloud]:
    """
    Everything of the app, on engines of its own; for tests that also look or reach behind the API. Whatever they do
    to it, in the end nobody is behind, nothing was set aside but what one of them has planted, and of all else that was
    accepted it can be told what became of it (P1).
    """
    if "NATTER_OUTPUTS" in os.environ:
        pytest.fail("this test needs a cloud of its own: run it without NATTER_OUTPUTS")
    async with Cloud(ROOT, secured="NATTER_SECURED" in os.environ) as cloud:
        async with _set_nothing_aside(cloud, planted):
            yield cloud
        assert await asyncio.to_thread(unaccounted, cloud, LOGS, planted) == [], "this was accepted and is lost"
        assert leaked(LOGS) == [], "this was said, and is in a log"
        assert named(told(cloud)) == [], "this was said, and is in a trace"
        assert undeclared(LOGS) == set(), "this was measured, and natter.metrics does not say so"


@pytest.fixture(scope="session")
async def secured_cloud(planted: set[str]) -> AsyncIterator[Cloud]:
    """One of its own, whose engines want to know who comes, as on AWS."""
    async with cloud_beside("secured", secured=True) as cloud, _set_nothing_aside(cloud, planted):
        yield cloud


@asynccontextmanager
async def _set_nothing_aside(cloud: Cloud, planted: set[str]) -> AsyncIterator[None]:
    """Nothing but what was planted; this process's tables refuse what those of the workers refuse."""
    guard = Guard(cloud.tables)
    guard.install()
    letters = DeadLetterReader(cloud.engines["kafka"].address)
    before = await asyncio.to_thread(letters.ends)
    yield
    guard.remove()
    await caught_up(cloud, within_s=CAUGHT_UP_WITHIN_S)
    assert unplanted(await asyncio.to_thread(letters.since, before), planted) == [], "this was set aside"


@pytest.fixture(scope="session")
def outputs(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The stack's outputs: `HttpUrl`, `WebSocketUrl`, `Region`, `Stage`."""
    if file := os.environ.get("NATTER_OUTPUTS"):
        return dict(json.loads(Path(file).read_text()))
    running: Cloud = request.getfixturevalue("cloud")
    return running.app.outputs


@pytest.fixture
async def api(outputs: Mapping[str, str]) -> AsyncIterator[Api]:
    async with Api(outputs) as api:
        yield api


@pytest.fixture(scope="session")
def kafka_endpoint(cloud: Cloud) -> str:
    return cloud.engines["kafka"].address


@pytest.fixture(scope="session")
def cassandra_endpoint(cloud: Cloud) -> str:
    return cloud.engines["cassandra"].address


@pytest.fixture(scope="session")
def valkey_endpoint(cloud: Cloud) -> str:
    return cloud.engines["valkey"].address


@pytest.fixture(scope="session")
def postgres_endpoint(cloud: Cloud) -> str:
    return cloud.engines["postgres"].address
