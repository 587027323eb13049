"""People who sit before a browser: what they do and see there, by the roles and names that everybody is told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.watching import Watch
from tests.support.api import Api, User, fresh
from tests.support.confidential import heard

WITHIN_MS = 30_000
"""For what happens in the blink of an eye, on a machine that does something else, too."""
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

type Theme = Literal["light", "dark"]

expect.set_options(timeout=WITHIN_MS)


@dataclass
class Window:
    """One page of the app, seen by who is signed in there, or is about to be."""

    page: Page
    user: User
    name: str
    """As others see it."""

    # getting in

    async def fill_sign_in(self) -> None:
        page = self.page
        await page.get_by_label("User name", exact=True).fill(self.user.username)
        await page.get_by_label("Password", exact=True).fill(self.user.api.password)
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(self.inbox).to_be_visible()

    @property
    def inbox(self) -> Locator:
        """On a phone it is the main thing."""
        page = self.page
        return page.get_by_role("navigation", name="Conversations").or_(page.get_by_role("main", name="Conversations"))

    # going somewhere

    async def open(self, conversation: str) -> None:
        """By its link, as from a bookmark; ready to write."""
        await self.page.evaluate("id => { location.hash = `#/c/${id}` }", conversation)
        await expect(self.composer).to_be_visible()

    def entry(self, name: str) -> Locator:
        """That of a conversation in the inbox."""
        return self.inbox.get_by_role("link", name=name)

    # a conversation

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name=re.compile("^Message to "))

    @property
    def banner(self) -> Locator:
        return self.page.locator(".banner")

    def message(self, text: str) -> Locator:
        """What says that, on one line and perhaps besides more."""
        return self.log.get_by_role("article", name=text)

    async def say(self, text: str) -> None:
        heard(text)
        await self.composer.fill(text)
        await self.composer.press("Enter")
        await expect(self.composer).to_have_value("")

    async def sees(self, text: str) -> None:
        await expect(self.message(text)).to_be_visible()


@dataclass
class People:
    """Those of one test; whatever any of their pages complains of fails it."""

    browser: Browser
    origin: str
    api: Api
    watch: Watch

    def __post_init__(self) -> None:
        self.contexts: list[BrowserContext] = []

    async def device(
        self, *, theme: Theme = "light", viewport: Mapping[str, int] = DESKTOP, worker: bool = True
    ) -> BrowserContext:
        """A browser of its own, in which nobody is signed in; `worker`: whether there may be a service worker."""
        options: dict[str, Any] = {"viewport": dict(viewport), "color_scheme": theme, "has_touch": viewport is PHONE}
        options |= {} if worker else {"service_workers": "block"}
        context = await self.browser.new_context(
            base_url=self.origin,
            locale="en-US",
            timezone_id="UTC",
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(WITHIN_MS)
        self.watch.listen(context)
        self.contexts.append(context)
        return context

    async def join(self, name: str, *, theme: Theme = "light", viewport: Mapping[str, int] = DESKTOP) -> Window:
        """Somebody new, signed in."""
        user = await self.api.sign_up(name)
        return await self.sign_in(user, name.capitalize(), await self.device(theme=theme, viewport=viewport))

    async def sign_in(self, user: User, name: str, context: BrowserContext) -> Window:
        window = Window(await context.new_page(), user, name)
        await window.page.goto("/")
        await window.fill_sign_in()
        return window

    async def tab(self, window: Window) -> Window:
        """Another page of the same browser, at the same place."""
        page = await window.page.context.new_page()
        await page.goto(window.page.url)
        return Window(page, window.user, window.name)

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()


def username() -> str:
    return fresh("eve")
