"""Every screen, in both themes, has nothing that axe objects to; nothing is wider than a phone."""

import os
from pathlib import Path
from typing import get_args

import pytest
from playwright.async_api import Page

from tests.browser.accessible import violations
from tests.browser.people import DESKTOP, PHONE, People, Theme
from tests.browser.scenes import Scenes, story


async def keep(page: Page, name: str) -> None:
    if "SHOTS" in os.environ:
        Path(os.environ["SHOTS"]).mkdir(exist_ok=True, parents=True)
        await page.screenshot(path=f"{os.environ['SHOTS']}/{name}.png")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", get_args(Theme.__value__))
async def test_every_screen(people: People, theme: Theme, viewport: dict[str, int]) -> None:
    scenes = Scenes(people, await story(people), theme)
    found = {}
    async for name, page in scenes.outside():
        found[name] = await violations(page)
        await keep(page, f"{name}-{theme}-{viewport['width']}")
    device = await people.device(theme=theme, viewport=viewport)
    async for name, page in scenes.inside(await people.sign_in(scenes.story.me, "Alice", device)):
        found[name] = await violations(page)
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[name].append("it is wider than the window")
        await keep(page, f"{name}-{theme}-{viewport['width']}")
    assert {name: each for name, each in found.items() if each} == {}
