"""Every screen, in both themes, has nothing that axe objects to; nothing is wider than a phone."""

import pytest

from tests.browser.accessible import violations
from tests.browser.people import DESKTOP, PHONE, People, Theme
from tests.browser.scenes import Scenes, story


@pytest.mark.parametrize(
    ("theme", "viewport"),
    [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE)],
    ids=["light", "dark", "on a phone"],
)
async def test_every_screen(people: People, theme: Theme, viewport: dict[str, int]) -> None:
    scenes = Scenes(people, await story(people), theme)
    found = {}
    async for name, page in scenes.outside(viewport=viewport):
        found[name] = await violations(page)
    device = await people.device(theme=theme, viewport=viewport)
    async for name, page in scenes.inside(await people.sign_in(scenes.story.me, "Alice", device)):
        found[name] = await violations(page)
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[name].append("it is wider than the window")
    assert {name: each for name, each in found.items() if each} == {}
