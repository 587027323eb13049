from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.support.api import Api
from tests.support.follower import Follower
from tests.support.storm import DEVICES_EACH, MEMBERS


@pytest.fixture
async def followers(api: Api) -> AsyncIterator[list[Follower]]:
    """The devices of a group's members, all connected: twenty who send, and read."""
    members = [await api.sign_up(f"member{number}") for number in range(MEMBERS)]
    group = await members[0].group(*members[1:])
    others = [await member.on_another_device() for _ in range(DEVICES_EACH - 1) for member in members]
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Follower(device, group)) for device in [*members, *others]]
