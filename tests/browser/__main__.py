"""`python -m tests.browser`: draws docs/screens, what the web app looks like in both themes, on a cloud of its own."""

import asyncio
import sys
from pathlib import Path
from typing import get_args

from playwright.async_api import Page

from local.cloud import Cloud
from tests.browser.chromium import launched
from tests.browser.people import PHONE, People, Theme
from tests.browser.scenes import Scenes, story
from tests.browser.watching import Watch
from tests.support.api import Api

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "docs" / "screens"
WINDOW = {"width": 1024, "height": 640}
ON_A_PHONE = ("inbox", "conversation", "new")
IN_A_WINDOW = ("sign-in", "message-menu", "group", "details", "settings")


async def draw(people: People, theme: Theme) -> None:
    scenes = Scenes(people, await story(people), theme)
    async for name, page in scenes.outside(viewport=WINDOW):
        await keep(page, name, theme, IN_A_WINDOW)
    for viewport, wanted, suffix in ((WINDOW, IN_A_WINDOW, ""), (PHONE, ON_A_PHONE, "-phone")):
        device = await people.device(theme=theme, viewport=viewport)
        alice = await people.sign_in(scenes.story.me, "Alice", device)
        async for name, page in scenes.inside(alice):
            await keep(page, name, theme, wanted, suffix)


async def keep(page: Page, name: str, theme: Theme, wanted: tuple[str, ...], suffix: str = "") -> None:
    if name in wanted:
        await page.screenshot(path=SCREENS / f"{name}{suffix}-{theme}.png", caret="hide")


async def main() -> int:
    async with launched() as browser, Cloud(ROOT) as cloud, Api(cloud.app.outputs) as api:
        people = People(browser, cloud.app.outputs["AppUrl"], api, Watch())
        for theme in get_args(Theme.__value__):
            await draw(people, theme)
        await people.close()  # else they complain of the cloud's end
    sys.stdout.write("".join(f"{complaint}\n" for complaint in people.watch.complaints))
    return bool(people.watch.complaints)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
