"""
Every screen has nothing that axe objects to, in either theme; nothing is wider than a phone; and none changes what
another one looks like.
"""

import pytest
from playwright.async_api import Page

from tests.browser.accessible import COLOURS, violations
from tests.browser.people import DESKTOP, PHONE, People
from tests.browser.scenes import Scenes, story

PLACES = """[...document.querySelectorAll('article .bubble')].map(each => {
  const { left, width, height } = each.getBoundingClientRect();
  return [each.textContent, left, width, height].join();
})"""
"""Where what is said stands, and how large it is."""


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["in a window", "on a phone"])
async def test_every_screen(people: People, viewport: dict[str, int]) -> None:
    scenes = Scenes(people, await story(people), "light")
    found = {}
    async for name, page in scenes.outside(viewport=viewport):
        found[name] = await looked_at(page)
    alice = await people.sign_in(scenes.story.me, "Alice", await people.device(viewport=viewport))
    places: list[str] = []
    async for name, page in scenes.inside(alice):
        found[name] = await looked_at(page)
        places = places or await alice.page.evaluate(PLACES)
    assert {name: each for name, each in found.items() if each} == {}
    await alice.open(scenes.story.direct)
    await alice.sees("It does.")
    assert await alice.page.evaluate(PLACES) == places != []


async def looked_at(page: Page) -> list[str]:
    """What there is to object to, in one theme and then in the other one."""
    found = await violations(page)
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("it is wider than the window")
    await page.emulate_media(color_scheme="dark")
    found += [f"in the dark: {each}" for each in await violations(page, rules=COLOURS)]
    await page.emulate_media(color_scheme="light")
    return found
