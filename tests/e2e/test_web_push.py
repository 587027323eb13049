"""A browser is woken by its push service, and nobody but the browser can read with what."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from tests.support.api import Api, User
from tests.support.browsers import Browser, Browsers, browsers
from tests.support.payloads import check_topic
from tests.support.phones import forgotten

HOUR_S = 3600


@pytest.fixture
async def here(outputs: Mapping[str, str]) -> AsyncIterator[Browsers]:
    if "PushService" not in outputs:
        pytest.skip("no push service of the tests stands in there")
    async with browsers(outputs) as found:
        yield found


async def someone(api: Api, here: Browsers) -> tuple[User, Browser]:
    """Somebody who is away, and whose browser has subscribed with the key that the API gives out."""
    user, browser = await api.sign_up("bob"), await subscribed(api, here)
    (await browser.register(user)).expect(204)
    return user, browser


async def subscribed(api: Api, here: Browsers) -> Browser:
    return await here.subscribe((await api.call("GET", "/v1/push/web-key")).expect(200)["public_key"])


class TestABrowser:
    async def test_is_woken_with_what_was_said_and_forgotten_once_it_has_unsubscribed(
        self, api: Api, here: Browsers
    ) -> None:
        """The service takes only what is signed with the key of the subscription."""
        alice, (bob, browser) = await api.sign_up("alice"), await someone(api, here)
        laptop, other = await bob.on_another_device(), await subscribed(api, here)
        (await other.register(laptop)).expect(204)
        chat = await alice.direct(bob)
        screen = await alice.connect()
        await screen.say(chat, "Hëllo, Bob")
        (push,), (again,) = await asyncio.gather(browser.until(bool), other.until(bool))
        assert (
            push.shown
            == again.shown
            == {
                "title": "Alice",
                "body": "Hëllo, Bob",
                "badge": 1,
                "data": {"conversation_id": chat, "seq": 2, "kind": "direct"},
            }
        )
        check_topic(push.headers["topic"])
        assert push.headers["topic"] == again.headers["topic"]
        assert 0 < int(push.headers["ttl"]) <= HOUR_S

        await asyncio.gather(browser.unsubscribe(), other.unsubscribe())
        await screen.say(chat, "Are you there?")
        await forgotten(bob)

    async def test_that_points_elsewhere_is_refused(self, api: Api, here: Browsers) -> None:
        """Nobody has requests sent to whatever they like."""
        bob, browser = await someone(api, here)
        port = browser.endpoint.split(":")[2].partition("/")[0]
        for host in (f"localhost:{port}", "127.0.0.1:9042", "169.254.169.254", "push.example"):
            browser.endpoint = f"https://{host}/push"
            assert (await browser.register(bob)).refusal() == (400, "bad_request")
