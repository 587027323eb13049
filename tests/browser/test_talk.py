"""Two people, each with a browser, talk."""

import asyncio

from playwright.async_api import expect

from tests.browser.people import People


async def test_two_people_talk(people: People) -> None:
    alice, bob = await asyncio.gather(people.join("alice"), people.join("bob"))
    chat = await alice.user.direct(bob.user)
    await alice.open(chat)
    await alice.say("Hello, Bob")
    await bob.entry("Alice").click()
    await bob.sees("Hello, Bob")
    await bob.say("Hello yourself")
    await alice.sees("Hello yourself")
    await expect(bob.log.get_by_role("article")).to_have_count(2)
