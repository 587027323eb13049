"""What is written while nothing is reached, or while the page goes away, arrives once and in order (P1, P3, P4)."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import expect

from tests.browser.people import People, Window
from tests.support.api import User

CONNECTIONS = 20
"""One more closes the oldest."""
UNTIL_KEPT = """async () => {
  const parts = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/assets/"));
  for (const each of [`${location.origin}/`, ...parts.map(({ name }) => name)]) {
    while (!(await caches.match(each))) await new Promise(resolve => setTimeout(resolve, 20));
  }
}"""
"""The service worker has what the page is made of."""
UNREACHED = r"net::ERR_(INTERNET_DISCONNECTED|NETWORK_CHANGED|ABORTED)"


async def conversation(people: People) -> tuple[Window, Window, str]:
    """Two people who look at it."""
    alice, bob = await asyncio.gather(people.join("alice"), people.join("bob"))
    chat = await alice.user.direct(bob.user)
    await asyncio.gather(alice.open(chat), bob.open(chat))
    return alice, bob, chat


@asynccontextmanager
async def offline(window: Window, people: People) -> AsyncIterator[None]:
    """Requests fail, and the socket, which a browser leaves open, is closed by the server."""
    people.watch.allow(UNREACHED, "WebSocket connection to .* failed")
    context = window.page.context
    await context.set_offline(True)
    sockets = [await window.user.connect() for _ in range(CONNECTIONS)]
    await asyncio.gather(*(socket.close() for socket in sockets))
    await expect(window.banner).to_contain_text("offline")
    yield
    await context.set_offline(False)


async def said(user: User, conversation: str) -> list[str]:
    return [event["content"]["text"] for event in await user.history(conversation) if event["type"] == "message"]


async def shown(window: Window, texts: list[str]) -> None:
    """All of them, and nothing else, in this order."""
    await expect(window.log.get_by_role("article")).to_contain_text(texts)


async def test_twenty_messages_written_offline_arrive_once_and_in_order(people: People) -> None:
    """The page itself is loaded again meanwhile, from what the service worker has kept."""
    alice, bob, chat = await conversation(people)
    lines = [f"line {number:02}" for number in range(1, 21)]
    await alice.page.evaluate(UNTIL_KEPT)
    async with offline(alice, people):
        for line in lines[:10]:
            await alice.say(line)
        await alice.page.reload()
        for line in lines[10:]:
            await alice.say(line)
        await shown(alice, lines)
        await expect(bob.log.get_by_role("article")).to_have_count(0)
    await shown(bob, lines)
    await expect(alice.banner).not_to_contain_text("offline")
    await shown(alice, lines)
    assert await said(bob.user, chat) == lines


async def test_a_page_that_is_loaded_again_in_the_middle_of_sending_loses_and_doubles_nothing(people: People) -> None:
    alice, bob, chat = await conversation(people)
    lines = [f"line {number}" for number in range(1, 11)]
    for line in lines:
        await alice.say(line)
        if line in {lines[3], lines[-1]}:
            await alice.page.reload()
            await expect(alice.composer).to_be_visible()
    await shown(bob, lines)
    await shown(alice, lines)
    assert await said(bob.user, chat) == lines


async def test_another_tab_goes_on_when_the_one_that_leads_is_closed(people: People) -> None:
    alice, bob, chat = await conversation(people)
    second = await people.tab(alice)
    await second.say("from the second")
    await asyncio.gather(alice.sees("from the second"), bob.sees("from the second"))
    await alice.page.close()
    await bob.say("still there?")
    await second.sees("still there?")
    await second.say("still here")
    await bob.sees("still here")
    assert await said(bob.user, chat) == ["from the second", "still there?", "still here"]


async def test_who_is_signed_out_elsewhere_is_told_and_comes_back(people: People) -> None:
    alice, bob, chat = await conversation(people)
    sessions = (await alice.user.call("GET", "/v1/sessions")).expect(200)["items"]
    (own,) = [each for each in sessions if each["platform"] == "web"]
    people.watch.allow("401")
    (await alice.user.call("DELETE", f"/v1/sessions/{own['session_id']}")).expect(204)
    await expect(alice.page.get_by_text("Your session has ended")).to_be_visible()
    await alice.fill_sign_in()
    await alice.open(chat)
    await alice.say("I am back")
    await bob.sees("I am back")


async def test_who_is_removed_from_a_group_while_looking_at_it_is_told_and_cannot_write(people: People) -> None:
    alice, bob = await asyncio.gather(people.join("alice"), people.join("bob"))
    group = await bob.user.group(alice.user, title="Lobby")
    await asyncio.gather(alice.open(group), bob.open(group))
    await bob.say("Welcome")
    await alice.sees("Welcome")
    people.watch.allow("403")
    (await bob.user.call("DELETE", f"/v1/conversations/{group}/members/{alice.user.user_id}")).expect(204)
    await expect(alice.page.get_by_text("You are not in this conversation")).to_be_visible()
    await expect(alice.composer).to_be_hidden()
    await expect(alice.entry("Lobby")).to_be_hidden()
    await bob.say("She is gone")
    await expect(alice.page.get_by_text("She is gone")).to_be_hidden()
    await expect(bob.page.get_by_text(re.compile("removed"))).to_be_visible()
