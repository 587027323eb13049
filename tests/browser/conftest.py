"""A browser for all tests of the web app, which is where the outputs say."""

from collections.abc import AsyncIterator, Generator, Mapping
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.chromium import NoChromium, launched
from tests.browser.people import People
from tests.browser.watching import Watch
from tests.support.api import Api

REPORTS = pytest.StashKey[dict[str, pytest.TestReport]]()
SHOTS = Path(__file__).parents[2] / ".local" / "browser"
"""What the pages of a failed test looked like."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fixtures know then how their test went."""
    report = yield
    item.stash.setdefault(REPORTS, {})[report.when] = report
    return report


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    try:
        async with launched() as browser:
            yield browser
    except NoChromium as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def origin(outputs: Mapping[str, str]) -> str:
    """Where the app is, and its API."""
    if "AppUrl" not in outputs:
        pytest.skip("there is no web app in there")
    return outputs["AppUrl"].rstrip("/")


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def people(
    browser: Browser, origin: str, api: Api, watch: Watch, request: pytest.FixtureRequest
) -> AsyncIterator[People]:
    people = People(browser, origin, api, watch)
    yield people
    if (called := request.node.stash[REPORTS].get("call")) is not None and called.failed:
        await _show(people, request.node.name)
    await people.close()
    assert watch.complaints == []


async def _show(people: People, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    pages = [page for context in people.contexts for page in context.pages]
    for number, page in enumerate(pages):
        await page.screenshot(path=SHOTS / f"{name}-{number}.png", timeout=5000)
