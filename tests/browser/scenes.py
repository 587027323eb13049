"""What the app looks like with something in it: every screen, by its name."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from playwright.async_api import Page, expect

from tests.browser.people import DESKTOP, People, Theme, Window
from tests.support.api import User, fresh
from tests.support.socket import Socket, message

SECTIONS = ("profile", "password", "notifications", "appearance", "contacts", "blocks", "devices", "data")
"""Of the settings."""


@dataclass(frozen=True)
class Story:
    """Whom somebody knows, and what they have said."""

    me: User
    bob: User
    direct: str
    group: str
    quiet: str
    """A conversation in which nothing was said yet."""


async def story(people: People) -> Story:
    alice, bob, carol, dave = await asyncio.gather(*map(people.api.sign_up, ("alice", "bob", "carol", "dave")))
    direct = await alice.direct(bob)
    group = await carol.group(alice, bob, dave, title="Weekend hike")
    quiet = await alice.direct(dave)
    books = await dave.group(alice, carol, title="Book club")
    sockets = await asyncio.gather(*(user.connect() for user in (alice, bob, carol, dave)))
    mine, his, hers, daves = sockets
    await daves.say(books, "Chapter seven by Thursday?")
    await talk(his, mine, direct)
    await plan(hers, daves, his, group)
    await asyncio.gather(*(socket.close() for socket in sockets))
    return Story(alice, bob, direct, group, quiet)


async def talk(his: Socket, mine: Socket, direct: str) -> None:
    await his.say(direct, "Morning! Did you see the photos from the lake?")
    await mine.say(direct, "Not yet, where are they?")
    await his.say(direct, "Here: https://photos.example/lake-2026 \N{CAMERA WITH FLASH}")
    await mine.say(direct, "Lovely. The third one should hang on a wall.")
    await his.say(direct, message("That one is yours then \N{GRINNING FACE WITH SMILING EYES}") | {"reply_to": 5})
    await react(his, direct, 5, "\N{HEAVY BLACK HEART}\ufe0f")
    await mine.say(direct, "Deal!\nI will print it at the weekend and bring it along on Tuesday, if that suits you.")
    await his.say(direct, "It does.")


async def plan(hers: Socket, daves: Socket, his: Socket, group: str) -> None:
    await hers.say(group, "Saturday looks dry. Shall we take the early train?")
    await daves.say(group, "Early is fine with me, I bring coffee for everybody \N{HOT BEVERAGE}")
    await his.say(group, "7:32 from platform 4, then.")
    await asyncio.gather(*(react(each, group, 2, "\N{THUMBS UP SIGN}") for each in (daves, his)))
    await hers.say(group, "Perfect. Pack something warm: it is windy up there.")


async def react(socket: Socket, conversation: str, target: int, reaction: str) -> None:
    frame = {"conversation_id": conversation, "client_id": fresh("c"), "target_seq": target, "reaction": reaction}
    await socket.ask({"action": "react", **frame})


@dataclass
class Scenes:
    """Each is on the screen when its name is given."""

    people: People
    story: Story
    theme: Theme

    async def outside(self, *, viewport: Mapping[str, int] = DESKTOP) -> AsyncIterator[tuple[str, Page]]:
        page = await (await self.people.device(theme=self.theme, viewport=viewport)).new_page()
        await page.goto("/")
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        yield "sign-in", page
        await page.get_by_role("link", name="Create an account").click()
        await expect(page.get_by_role("button", name="Create account")).to_be_visible()
        yield "sign-up", page

    async def inside(self, alice: Window) -> AsyncIterator[tuple[str, Page]]:
        page, story = alice.page, self.story
        await expect(alice.entry("Bob")).to_be_visible()
        yield "inbox", page
        await alice.open(story.direct)
        await alice.sees("It does.")
        yield "conversation", page
        await alice.message("It does.").hover()
        await alice.message("It does.").get_by_role("button", name="Message actions").click()
        await expect(page.get_by_role("menu")).to_be_visible()
        yield "message-menu", page
        await page.keyboard.press("Escape")
        await alice.open(story.group)
        await alice.sees("Pack something warm")
        yield "group", page
        await alice.open(story.quiet)
        yield "nothing-said", page
        places = {"new": "new", "details": f"c/{story.group}/info", "person": f"c/{story.direct}/info"}
        for name, place in (
            places | {"settings": "settings"} | {each: f"settings/{each}" for each in SECTIONS}
        ).items():
            await page.evaluate("to => { location.hash = `#/${to}` }", place)
            await expect(page.get_by_role("main").get_by_role("heading").first).to_be_visible()
            yield name, page
