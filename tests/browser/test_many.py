"""Somebody has a thousand conversations: all can be reached, and one is found at once. In one of them much is said."""

import re

from playwright.async_api import Locator, Route, expect

from tests.browser.feeding import fed
from tests.browser.people import People, Window
from tests.support.socket import message

MANY, PAGE = 1000, 50
PATIENCE_S = 60.0
MIDDLE = """log => {
  const { x, y, height } = log.getBoundingClientRect();
  return document.elementFromPoint(x + 40, y + height / 2).closest("[data-seq]").dataset.seq;
}"""
"""What stands in the middle of what is seen."""


def conversation(number: int) -> dict[str, object]:
    """As the inbox has it, the newest first."""
    at = 1_700_000_000_000 - number * 60_000
    return {
        "conversation_id": f"many_{number}",
        "kind": "direct",
        "created_at": at,
        "created_by": f"user_{number}",
        "member_count": 2,
        "first_seq": 1,
        "head": {"seq": 1, "at": at},
        "role": "member",
        "read_seq": 1,
        "unread": 0,
        "archived": False,
        "notify": "all",
        "peer": {"user_id": f"user_{number}", "display_name": f"Person {number:04}"},
    }


async def inbox(route: Route) -> None:
    """Made up: to begin so many takes a user longer than a test may."""
    if route.request.method != "GET":
        return await route.continue_()
    first = int(route.request.url.partition("cursor=")[2] or 0)
    page: dict[str, object] = {"items": [conversation(number) for number in range(first, first + PAGE)]}
    more = {"next_cursor": str(first + PAGE)} if first + PAGE < MANY else {}
    return await route.fulfill(json=page | more)


def newest(window: Window) -> Locator:
    """What leads who is elsewhere to the end."""
    return window.page.get_by_role("button", name="newest")


async def test_a_thousand_conversations_are_reached_and_searched(people: People) -> None:
    device = await people.device()
    await device.route(lambda url: url.partition("?")[0].endswith("/v1/conversations"), inbox)
    alice = await people.sign_in(await people.api.sign_up("alice"), "Alice", device)
    entries = alice.inbox.get_by_role("list").get_by_role("listitem")
    more = alice.inbox.get_by_role("button", name="Show more")
    for shown in range(PAGE, MANY, PAGE):
        await expect(entries).to_have_count(shown)
        await more.click()
    await expect(entries).to_have_count(MANY)
    await alice.entry("Person 0999").scroll_into_view_if_needed()
    await expect(alice.entry("Person 0999")).to_be_in_viewport()
    await alice.page.get_by_role("searchbox").fill("person 0777")
    await expect(entries).to_have_count(1)
    await expect(alice.entry("Person 0777")).to_be_visible()


async def test_who_is_at_the_end_follows_it_however_much_comes_at_once(people: People) -> None:
    """Also while rows are still measured, and the end is not where it was thought to be."""
    alice = await fed(people)
    await alice.hears(40, at_once=1000, burst=20)
    await expect(alice.window.log.get_by_role("article").last).to_be_in_viewport()
    await expect(newest(alice.window)).to_have_count(0)


async def test_who_has_gone_elsewhere_stays_there_whatever_comes(people: People) -> None:
    alice = await fed(people)
    await alice.hears(3, at_once=100, burst=20)
    await alice.window.log.hover()
    await alice.window.page.mouse.wheel(0, -2000)
    await expect(newest(alice.window)).to_be_visible()
    there = alice.window.page.locator(f'[data-seq="{await alice.window.log.evaluate(MIDDLE)}"]')
    await alice.hears(3, at_once=100, burst=20, is_shown=False)
    await expect(newest(alice.window)).to_have_accessible_name(re.compile("new messages"))
    await expect(there).to_be_in_viewport()


async def test_who_begins_where_something_is_unread_stays_there_whatever_comes(people: People) -> None:
    """Also where all of it is unread, from the first word on."""
    alice, bob = await people.join("alice"), await people.api.sign_up("bob")
    group, screen = await bob.group(alice.user), await bob.connect()

    async def say(frames: int) -> None:
        for number in range(frames):
            messages = [message(f"Line {number}.{each} of many") for each in range(20)]
            frame = {"action": "send", "conversation_id": group, "messages": messages}
            await screen.insist(frame, within_s=PATIENCE_S, after=("rate_limited", "unavailable"))

    await say(5)
    await expect(alice.inbox.get_by_role("link").filter(has_text="Line 4.19")).to_be_visible()
    await alice.open(group)
    unread = alice.log.get_by_role("heading", name="New messages")
    await expect(unread).to_be_in_viewport()
    before = await newest(alice).get_attribute("aria-label")
    await say(2)
    await expect(newest(alice)).not_to_have_accessible_name(before or "")
    await expect(unread).to_be_in_viewport()
