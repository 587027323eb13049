"""A push is shown while nobody looks, and leads to the message when it is chosen."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

import pytest
from playwright.async_api import Page, Worker, expect

from tests.browser.firefox import Firefox, firefox_here, running_firefox
from tests.browser.people import WITHIN_MS, People
from tests.browser.test_offline import conversation
from tests.support.api import Api
from tests.support.browsers import browsers

SHOWING = """() => {
  self.shown = [];
  self.badges = [];
  WorkerNavigator.prototype.setAppBadge = async count => { self.badges.push(count) };
  ServiceWorkerRegistration.prototype.showNotification = async (title, options) => {
    self.shown.push({ title, ...options, close() { self.shown.splice(self.shown.indexOf(this), 1) } });
  };
}"""
"""A Chromium without a window refuses to show anything, and dies of a badge; what is asked of it is what counts."""
CHOOSE = """() => {
  const event = Object.assign(new ExtendableEvent("notificationclick"), { notification: self.shown[0] });
  self.dispatchEvent(event);
}"""
SHOWN = "self.shown.map(({ title, body, tag }) => ({ title, body, tag }))"


async def worker_of(page: Page) -> Worker:
    """The service worker, once it is in charge."""
    await page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    context = page.context
    return context.service_workers[0] if context.service_workers else await context.wait_for_event("serviceworker")


async def deliver(page: Page, push: object) -> None:
    """As the browser does with what its push service has decrypted: without a window, it cannot subscribe."""
    inspector = await page.context.new_cdp_session(page)
    registered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def seen(told: Mapping[str, list[Mapping[str, str]]]) -> None:
        if told["registrations"] and not registered.done():
            registered.set_result(told["registrations"][0]["registrationId"])

    inspector.on("ServiceWorker.workerRegistrationUpdated", seen)
    await inspector.send("ServiceWorker.enable")
    origin = await page.evaluate("location.origin")
    message = {
        "origin": origin,
        "registrationId": await asyncio.wait_for(registered, WITHIN_MS / 1000),
        "data": json.dumps(push),
    }
    await inspector.send("ServiceWorker.deliverPushMessage", message)


async def test_a_push_is_shown_and_leads_to_its_conversation(people: People) -> None:
    alice, bob, chat = await conversation(people)
    await bob.say("Are you there?")
    page = alice.page
    worker = await worker_of(page)
    await worker.evaluate(SHOWING)
    await page.evaluate("location.hash = '#/settings'")
    data = {"conversation_id": chat, "seq": 2, "kind": "direct"}
    await deliver(page, {"title": "Bob", "body": "Are you there?", "badge": 1, "data": data})
    assert await shown(worker, 1) == [{"title": "Bob", "body": "Are you there?", "tag": chat}]
    assert await worker.evaluate("self.badges") == [1]
    await worker.evaluate(CHOOSE)
    await expect(alice.composer).to_be_visible()
    await alice.sees("Are you there?")
    assert await shown(worker, 0) == []


async def shown(worker: Worker, count: int) -> list[object]:
    """Waits until there are so many."""
    found: list[object] = await worker.evaluate(
        f"""async count => {{
      while (self.shown.length !== count) await new Promise(resolve => setTimeout(resolve, 20));
      return {SHOWN};
    }}""",
        count,
    )
    return found


@pytest.fixture
async def firefox(outputs: Mapping[str, str]) -> AsyncIterator[Firefox]:
    program = firefox_here()
    if program is None:
        pytest.skip("there is no Firefox: install one (Debian: apt install firefox-esr)")
    async with browsers(outputs) as behind, running_firefox(program, behind) as firefox:
        yield firefox


async def test_firefox_subscribes_and_is_woken_with_what_only_it_can_read(
    firefox: Firefox, api: Api, origin: str
) -> None:
    """Through Web Push for real: the app asks, the browser subscribes, the server seals, the worker shows."""
    alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
    chat = await bob.direct(alice)
    await firefox.command(
        "permissions.setPermission", descriptor={"name": "notifications"}, state="granted", origin=origin
    )
    page = await firefox.open(f"{origin}/#/settings/notifications")
    await firefox.until(page, "!!document.querySelector('input[name=password]')")
    await firefox.evaluate(page, SIGN_IN % json.dumps({"username": alice.username, "password": api.password}))
    await firefox.until(page, f"!!({TURN_ON})")
    await firefox.evaluate(page, f"({TURN_ON}).click()")
    await firefox.until(page, "document.body.innerText.includes('Notifications are on in this browser.')")
    await firefox.go(page, f"{origin}/icon.svg")  # the app is closed now
    await (await bob.connect()).say(chat, "Wake up, somebody is at the door")
    async with asyncio.timeout(WITHIN_MS / 1000):
        assert await firefox.autopush.codes.get() == DELIVERED
    assert await firefox.until(page, SHOWN_BY_FIREFOX) == [["Bob", "Wake up, somebody is at the door", chat]]
    assert firefox.complaints == []


DELIVERED = 100
TURN_ON = "[...document.querySelectorAll('button')].find(each => each.textContent === 'Turn on notifications here')"
SHOWN_BY_FIREFOX = """(async () => {
  const shown = await (await navigator.serviceWorker.getRegistration("/")).getNotifications();
  return shown.map(({ title, body, tag }) => [title, body, tag]);
})()"""
SIGN_IN = """(fields => {
  const form = document.querySelector("form");
  for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
  form.requestSubmit();
})(%s)"""
