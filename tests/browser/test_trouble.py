"""The server is away, slow, or full: what people write arrives once and in order all the same (P1, P3, P4, P9)."""

import asyncio
import os
import signal
from typing import Any

from playwright.async_api import Route, expect

from local.cloud import Cloud
from local.faults.values import Throttle
from tests.browser.people import People
from tests.browser.test_offline import conversation, said, shown

FAILED = (r"net::ERR_", "WebSocket connection to .* failed", "status of (429|5..)")


async def test_messages_survive_a_restart_of_the_server_and_frames_that_the_gateway_refuses(
    people: People, cloud: Cloud
) -> None:
    """Frames that cannot be handed on are answered by the gateway; then all its sockets close, and its ports."""
    people.watch.allow(*FAILED)
    alice, bob, chat = await conversation(people)
    lines = [f"line {number}" for number in range(1, 9)]
    await cloud.faults.apply(Throttle("send"))
    for line in lines[:4]:
        await alice.say(line)
    await expect(alice.log.get_by_role("img", name="Waiting to be sent")).to_have_count(4)
    await asyncio.gather(*(api.stop() for api in cloud.runtime.apis))
    for line in lines[4:]:
        await alice.say(line)
    await cloud.faults.clear()
    await asyncio.gather(*(api.start() for api in cloud.runtime.apis))
    await asyncio.gather(shown(bob, lines), shown(alice, lines))
    assert await said(bob.user, chat) == lines


async def test_messages_survive_the_death_of_those_who_store_them(people: People, cloud: Cloud) -> None:
    alice, bob, chat = await conversation(people)
    lines = [f"line {number}" for number in range(1, 13)]
    for number, line in enumerate(lines):
        await alice.say(line)
        if number % 4 == 0:
            (persist,) = [
                each for name, each in cloud.runtime.status()["functions"].items() if name.endswith("-persist")
            ]
            for pid in persist["pids"]:
                os.kill(pid, signal.SIGKILL)
    await asyncio.gather(shown(bob, lines), shown(alice, lines))
    assert await said(bob.user, chat) == lines


async def test_who_is_told_to_slow_down_waits_and_comes_back(people: People) -> None:
    """Also by what stands before the API, which says so in other words, and not when."""
    people.watch.allow(*FAILED)
    alice, bob, chat = await conversation(people)
    refusals: list[dict[str, Any]] = [
        {"json": {"message": "Too Many Requests"}},
        {
            "json": {"type": "about:blank", "title": "x", "status": 429, "code": "rate_limited", "retry_after_ms": 300},
            "headers": {"retry-after": "1"},
            "content_type": "application/problem+json",
        },
    ]

    async def refuse(route: Route) -> None:
        await (route.fulfill(status=429, **refusals.pop()) if refusals else route.continue_())

    await alice.page.route("**/v1/tickets", refuse)
    await alice.page.reload()
    await alice.say("I am patient")
    await bob.sees("I am patient")
    assert refusals == []
    assert await said(bob.user, chat) == ["I am patient"]
