"""
Texts and names that break pages are shown as what they are, and change nothing around them: everything else looks the
same, point by point, as beside a text that means no harm.
"""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from playwright.async_api import FloatRect, Locator, Page, expect

from tests.browser.hostile import NAMES, TEXTS, WIDE
from tests.browser.people import DESKTOP, PHONE, People
from tests.support.api import Api, User

HARMLESS = "harmless"
MOST_PX = 300
AROUND = (".conversation > header", ".composer", ".inbox > header")
"""What is beside the messages."""
STRAY = "document.querySelectorAll('main :is(img, svg:not([data-icon]), script, style, iframe, object, embed)').length"
OUTSIDE = """
log => {
  const { left, right } = log.getBoundingClientRect();
  return [...log.querySelectorAll("article, article *")].filter(each => {
    const box = each.getBoundingClientRect();
    return box.width > 0 && (box.left < left - 1 || box.right > right + 1);
  }).map(each => each.className || each.tagName);
}
"""


async def drawn(page: Page, *parts: Locator) -> list[bytes]:
    """What those parts look like that are there, but for their edges: what is below may shine through half a point."""
    boxes = [await part.bounding_box() for part in parts]
    clips = [
        FloatRect(x=int(box["x"]) + 1, y=int(box["y"]) + 1, width=int(box["width"]) - 2, height=int(box["height"]) - 2)
        for box in boxes
        if box is not None
    ]
    return [await page.screenshot(clip=clip, caret="hide") for clip in clips]


async def around(page: Page) -> list[bytes]:
    return await drawn(page, *(page.locator(each) for each in AROUND))


async def draws_over(page: Page, row: Locator, neighbour: Locator) -> bool:
    """Whether the neighbour looks otherwise once the row is not seen. Of what is higher than the page, it is not."""
    box = await row.bounding_box()
    if box is None or box["height"] > MOST_PX:
        return False
    beside = await drawn(page, neighbour)
    await row.evaluate("row => { row.style.visibility = 'hidden' }")
    alone = await drawn(page, neighbour)
    await row.evaluate("row => { row.style.visibility = '' }")
    return beside != alone


@pytest.mark.parametrize(
    ("viewport", "texts"), [(DESKTOP, TEXTS), (PHONE, {what: TEXTS[what] for what in WIDE})], ids=["desktop", "phone"]
)
async def test_texts_are_shown_as_they_are_and_change_nothing_around_them(
    people: People, viewport: dict[str, int], texts: Mapping[str, str]
) -> None:
    alice, bob = await asyncio.gather(people.join("alice", viewport=viewport), people.api.sign_up("bob"))
    chat = await bob.group(alice.user)  # where nothing above comes and goes with who is online
    screen = await bob.connect()
    await screen.say(chat, HARMLESS)
    await alice.open(chat)
    await expect(alice.message(HARMLESS)).to_be_visible()
    await expect(alice.page.get_by_text("2 members")).to_be_visible()
    if viewport is DESKTOP:
        await expect(alice.composer).to_be_focused()  # which is seen
    before = await around(alice.page)
    for what, text in texts.items():
        _, client_id = await screen.say(chat, HARMLESS, text)
        seq = (await screen.event(chat, client_id))["seq"]
        row, neighbour = (alice.page.locator(f'article[data-seq="{each}"]') for each in (seq, seq - 1))
        await expect(row).to_be_in_viewport()
        shown = row.locator(".text")
        assert without_hints(text, await shown.evaluate("shown => shown.textContent")), what
        assert await alice.page.evaluate(STRAY) == 0, what
        assert await alice.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), what
        assert await alice.log.evaluate(OUTSIDE) == [], what
        assert await running_links(alice.page) == [], what
        assert await around(alice.page) == before, what
        assert not await draws_over(alice.page, row, neighbour), what
    assert people.watch.complaints == []


def without_hints(text: str, shown: str) -> bool:
    """Whether that is shown which was written, but for the hints where a link goes."""
    place = 0
    for letter in shown:
        if place < len(text) and text[place] == letter:
            place += 1
    return place == len(text)


async def running_links(page: Page) -> Sequence[str]:
    """Links that are followed to anywhere but the web, or that hide where they go."""
    found: list[str] = await page.locator("main article a").evaluate_all("all => all.map(a => a.protocol + a.username)")
    return [each for each in found if each not in {"http:", "https:"}]


async def named(api: Api, name: str) -> User:
    user = await api.sign_up("mallory")
    (await user.call("PATCH", "/v1/users/me", {"display_name": name})).expect(200)
    return user


async def test_names_are_shown_as_they_are_wherever_they_stand(people: People) -> None:
    """In the inbox, above a conversation, over messages, in what happened, in what is typed and read out."""
    alice = await people.join("alice")
    others = [await named(people.api, name) for name in NAMES.values()]
    for (what, name), user in zip(NAMES.items(), others, strict=True):
        group = await user.group(alice.user, title=name)
        screen = await user.connect()
        await screen.say(group, HARMLESS)
        await alice.open(group)
        await alice.sees(HARMLESS)
        heading = alice.page.get_by_role("main").get_by_role("heading", level=1)
        await expect(heading).to_have_js_property("textContent", name)
        await expect(alice.log.locator(".sender").first).to_have_js_property("textContent", name)
        happened = alice.page.get_by_text("started the conversation")
        assert name in await happened.evaluate("shown => shown.textContent"), what
        assert await alice.page.evaluate(STRAY) == 0, what
        assert await alice.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), what
        assert await alice.log.evaluate(OUTSIDE) == [], what
    entries = alice.inbox.get_by_role("link").locator(".name")
    assert sorted(await entries.evaluate_all("all => all.map(each => each.textContent)")) == sorted(NAMES.values())
    assert people.watch.complaints == []
