"""That the reliability tests of the SDK see what is wrong: two talk on the fake cloud, and the log is changed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from natter_client.testing import FakeServer
from tests.clients.python.ceiling import CEILING_S
from tests.reliability.sdk import Talk, talking
from tests.support.api import Api

type Log = list[tuple[int, str]]


async def a_talk(talk: Talk) -> Log:
    """What the log of a talk of some messages is, all right."""
    alice, _ = talk.talkers
    while len(alice.placed) < 4:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert await talk.wrong() == []
    return list(alice.seen)


def of_alice(log: Log) -> list[int]:
    return [place for place, (_, text) in enumerate(log) if text.startswith("alice ")]


def lose(log: Log) -> Log:
    return [each for place, each in enumerate(log) if place != of_alice(log)[1]]


def repeat(log: Log) -> Log:
    return [*log, (log[-1][0] + 1, log[of_alice(log)[0]][1])]


def swap(log: Log) -> Log:
    first, second, *_ = of_alice(log)
    log[first], log[second] = (log[first][0], log[second][1]), (log[second][0], log[first][1])
    return log


def add(log: Log) -> Log:
    return [*log, (log[-1][0] + 1, "bob 1000")]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lose, "was told another place"),
        (repeat, "is in the log more than once"),
        (swap, "has written in another order"),
        (add, "has seen something else"),
    ],
)
async def test_what_is_wrong_is_seen(tmp_path: Path, change: Callable[[Log], Log], what: str) -> None:
    async with asyncio.timeout(CEILING_S), FakeServer() as server, Api(server.outputs) as api:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        async with talking(alice, bob, tmp_path) as talk:
            log = await a_talk(talk)
            assert any(line.startswith(f"alice: {what}") for line in talk.talkers[0].wrong(change(log)))
