"""What tests of alarms do to a cloud, and have people do in it."""

import asyncio
from collections.abc import Iterable
from functools import partial

from websockets.exceptions import InvalidStatus

from local.cloud import Cloud
from local.faults import Throttle
from tests.bench.warm import patiently
from tests.support.api import Api, User
from tests.support.socket import GATEWAY, Socket

LOOK_S = 0.05
CONNECTED_WITHIN_S = 60.0
"""By a new ticket each time: after some faults all functions start at once, and an authorizer has 10 s for it."""


class Talk:
    """Two people who talk: what has to work when a fault is over."""

    def __init__(self, chat: str, speaker: Socket, listener: Socket) -> None:
        self.chat, self.speaker, self.listener = chat, speaker, listener

    @classmethod
    async def begin(cls, api: Api) -> "Talk":
        one, other = await asyncio.gather(api.sign_up("one"), api.sign_up("other"))
        chat = await one.direct(other)
        return cls(chat, *[await patiently(each.connect, within_s=CONNECTED_WITHIN_S) for each in (one, other)])

    async def go_on(self, times: int = 1) -> None:
        """So many messages, sent together, each of which is seen; while functions start again, as clients do it."""
        say = partial(self.speaker.say, self.chat, after=("unavailable", GATEWAY))
        said = await asyncio.gather(*(say(f"message {n}") for n in range(times)))
        for (client_id,) in said:
            await self.listener.event(self.chat, client_id, within_s=60)


def functions(cloud: Cloud) -> list[str]:
    return [function.name for function in cloud.app.functions]


async def throttle(cloud: Cloud, names: Iterable[str]) -> None:
    """Until the faults are cleared."""
    for name in names:
        await cloud.faults.apply(Throttle(name))


async def is_not_connected(user: User) -> None:
    """By their access token: a ticket is kept in the cache, which may be away."""
    try:
        await user.api.open(user.api.socket_url, token=user.access_token)
    except InvalidStatus:
        return
    raise AssertionError("connected")
