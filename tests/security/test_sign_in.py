"""Nobody learns from a sign-in who is a user."""

import statistics
import time
from functools import partial

from tests.security.scene import patiently
from tests.support.api import Api, fresh

PEOPLE = 4
TRIES = 4
"""Of each name: a fifth wrong password would be refused for another reason."""

SAME = 1.5
"""How far medians may be apart on a busy machine: hashing, which is what must not be left out, takes far longer."""


async def timed(api: Api, username: str) -> float:
    began = time.perf_counter()
    reply = await api.call("POST", "/v1/sessions", {"username": username, "password": "not the password"})
    took = time.perf_counter() - began
    assert reply.refusal() == (401, "bad_credentials")
    return took


async def test_an_unknown_name_takes_as_long_as_a_wrong_password(api: Api) -> None:
    known = [(await api.sign_up("known")).username for _ in range(PEOPLE)]
    unknown = [fresh("known") for _ in range(PEOPLE)]
    wrong: list[float] = []
    nobody: list[float] = []
    for _ in range(TRIES):
        for somebody, missing in zip(known, unknown, strict=True):
            wrong.append(await timed(api, somebody))
            nobody.append(await timed(api, missing))
    ratio = statistics.median(nobody) / statistics.median(wrong)
    assert 1 / SAME < ratio < SAME, f"{ratio=:.2f}"


async def test_the_answers_are_the_same(api: Api) -> None:
    someone = await api.sign_up("someone")
    replies = [
        await patiently(partial(api.call, "POST", "/v1/sessions", {"username": name, "password": "not the password"}))
        for name in (someone.username, fresh("nobody"), "No Name At All", "")
    ]
    assert len({str(reply.body) for reply in replies}) == 1
