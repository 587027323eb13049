"""Two people, each with a browser, talk: with what one sees of the other, and by keyboard alone."""

from playwright.async_api import expect

from tests.browser.people import People, Window, username
from tests.browser.test_offline import conversation
from tests.support.confidential import heard


async def act(window: Window, text: str, what: str) -> None:
    """Choose something of a message's menu."""
    message = window.message(text)
    await message.hover()
    await message.get_by_role("button", name="Message actions").click()
    await window.page.get_by_role("menuitem", name=what).click()


async def test_who_comes_for_the_first_time_signs_up_finds_somebody_and_talks(people: People) -> None:
    bob = await people.join("bob")
    page = await (await people.device()).new_page()
    await page.goto("/")
    await page.get_by_role("link", name="Create an account").click()
    await page.get_by_label("Your name, as others see it").fill("Eve")
    await page.get_by_label("User name", exact=True).fill(eve := username())
    await page.get_by_label("Password", exact=True).fill(people.api.password)
    await page.get_by_role("button", name="Create account").click()
    heard(eve)
    window = Window(page, bob.user, "Eve")
    await expect(window.inbox).to_be_visible()
    await page.get_by_role("link", name="New conversation").click()
    await page.get_by_label("User name").fill(bob.user.username)
    await page.keyboard.press("Enter")
    await page.get_by_role("list", name="People you know").get_by_role("button", name="Bob").click()
    await expect(window.composer).to_be_visible()
    await window.say("Hello, I am new here")
    await bob.entry("Eve").click()
    await bob.sees("Hello, I am new here")
    await bob.say("Welcome")
    await window.sees("Welcome")


async def test_two_people_talk_edit_react_read_and_type(people: People) -> None:
    alice, bob, _ = await conversation(people)
    await alice.say("Hello, Bbo")
    await bob.sees("Hello, Bbo")
    await expect(alice.message("Hello").get_by_role("img", name="Read")).to_be_visible()

    await alice.composer.press("ArrowUp")
    await expect(alice.composer).to_have_value("Hello, Bbo")
    await alice.composer.fill("Hello, Bob")
    await alice.composer.press("Enter")
    await expect(bob.message("Hello, Bob")).to_contain_text("edited")
    await expect(bob.message("Bbo")).to_have_count(0)

    await act(bob, "Hello, Bob", "React with \N{THUMBS UP SIGN}")
    mine = alice.message("Hello").get_by_role("button", name="\N{THUMBS UP SIGN}, 1 person")
    await mine.click()
    await expect(bob.message("Hello").get_by_role("button", name="2 people, and you")).to_be_visible()

    await bob.composer.press_sequentially("What")
    await expect(alice.page.get_by_text("Bob is typing")).to_be_visible()
    await bob.composer.fill("")
    await act(bob, "Hello, Bob", "Reply")
    await bob.say("What is it?")
    await expect(alice.message("What is it?")).to_contain_text("Hello, Bob")
    await expect(alice.page.get_by_text("Bob is typing")).to_be_hidden()

    await act(alice, "Hello, Bob", "Delete")
    await alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(bob.message("This message was deleted")).to_be_visible()
    await expect(bob.message("Hello, Bob")).to_have_count(0)


async def test_a_conversation_by_keyboard_alone(people: People) -> None:
    """What has the focus is what the accessibility tree says, and every step is made with keys."""
    alice, bob, _ = await conversation(people)
    await bob.say("Can you do this without a mouse?")
    page = alice.page
    await page.goto("/")
    await expect(page.get_by_role("link", name="Bob")).to_be_visible()
    await until_focused(alice, "link", "Bob")
    await page.keyboard.press("Enter")
    await expect(alice.composer).to_be_focused()
    await page.keyboard.type("Yes")
    await page.keyboard.press("Enter")
    await bob.sees("Yes")

    await page.keyboard.press("Shift+Tab")
    await until_focused(alice, "article", "Yes", key="Shift+Tab")
    await page.keyboard.press("ArrowUp")
    await expect(alice.message("without a mouse")).to_be_focused()
    await page.keyboard.press("Tab")
    assert await focused(alice) == ("button", "Message actions")
    await page.keyboard.press("Enter")
    assert (await focused(alice))[0] == "menuitem"
    await page.keyboard.press("Enter")
    await expect(bob.message("without a mouse").get_by_role("button", name="1 person")).to_be_visible()
    assert await focused(alice) == ("button", "Message actions")

    await page.keyboard.press("Enter")
    await menu_to(alice, "Reply")
    await expect(alice.composer).to_be_focused()
    await page.keyboard.type("As you see")
    await page.keyboard.press("Enter")
    await expect(bob.message("As you see")).to_contain_text("without a mouse")
    await page.keyboard.press("ArrowUp")
    await expect(alice.composer).to_have_value("As you see")
    await page.keyboard.press("End")
    await page.keyboard.type(".")
    await page.keyboard.press("Enter")
    await expect(bob.message("As you see.")).to_contain_text("edited")


async def focused(window: Window) -> tuple[str, str]:
    """Role and name of what has the focus."""
    said = await window.page.locator(":focus").aria_snapshot()
    role, _, rest = said.removeprefix("- ").partition(" ")
    return role.rstrip(":"), rest.split('"')[1] if '"' in rest else ""


async def until_focused(window: Window, role: str, name: str, *, key: str = "Tab", most: int = 20) -> None:
    """Press a key until something has the focus."""
    for _ in range(most):
        if await window.page.locator(":focus").count():
            has_role, has_name = await focused(window)
            if has_role == role and name in has_name:
                return
        await window.page.keyboard.press(key)
    raise AssertionError(f"{most} times {key}, and never at the {role} {name}")


async def menu_to(window: Window, name: str) -> None:
    for _ in range(20):
        if (await focused(window))[1] == name:
            await window.page.keyboard.press("Enter")
            return
        await window.page.keyboard.press("ArrowDown")
    raise AssertionError(f"{name} is not in the menu")
