"""What a conversation's length costs those who read it, and those who say something in it."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from local.cloud import Cloud
from tests.bench.latency import percentile, timed
from tests.bench.scale.filling import alone, fill, messages
from tests.support.api import Api, User
from tests.support.socket import Socket, message, text

TIMES = 8
"""Of each request: within what one user may ask at once."""
FIRST = 1_000
STEP = 10


@dataclass(frozen=True, kw_only=True)
class Reading:
    events: int
    filled_s: float
    """Since the size before."""
    ms: Mapping[str, Sequence[float]]


async def measure(cloud: Cloud, *, events: int) -> list[Reading]:
    """At a thousand events, ten thousand and so on, up to so many."""
    found = []
    async with Api(cloud.app.outputs) as api:
        ann, ben = await api.sign_up("ann"), await api.sign_up("ben")
        chat = await ann.direct(ben)
        socket, others = await ann.connect(), await ben.connect()
        await socket.say(chat, "hello")
        size = FIRST
        while size <= events:
            began = time.monotonic()
            async with alone(cloud):
                head = await _head(ben, chat)
                await fill(cloud, messages(chat, ann.user_id, size - head))
            for each in (socket, others):
                each.forget()
            filled_s, there = time.monotonic() - began, await _head(ben, chat)
            assert there >= size, f"{there} of {size}"
            found.append(Reading(events=there, filled_s=filled_s, ms=await _read(ben, chat, socket, others, there)))
            size *= STEP
    return found


async def _head(user: User, chat: str) -> int:
    return int((await user.call("GET", f"/v1/conversations/{chat}")).expect(200)["head"]["seq"])


async def _read(user: User, chat: str, socket: Socket, others: Socket, head: int) -> dict[str, list[float]]:
    """`user` has read nothing until they are asked to have come half way."""
    device = await user.on_another_device()

    async def counted() -> None:
        seen = (await device.call("GET", f"/v1/conversations/{chat}")).expect(200)
        assert seen["unread"] > 0, seen

    async def said() -> None:
        (client_id,) = await socket.say(chat, "how are you?")
        await others.event(chat, client_id)

    async def half() -> None:
        answer = await others.ask({"action": "read", "conversation_id": chat, "seq": head // 2})
        assert answer["type"] == "ok", answer

    def changed(target: int, words: str) -> Callable[[], Awaitable[None]]:
        async def change() -> None:
            client_id = message("")["client_id"]
            frame = {"action": "edit", "conversation_id": chat, "client_id": client_id, "target_seq": target}
            answer = await socket.ask({**frame, "content": text(words)})
            assert answer["type"] == "ack", answer
            await others.event(chat, client_id)

        return change

    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "page, newest": lambda: device.page(chat),
        "page, in the middle": lambda: device.page(chat, before=head // 2),
        "page, the first": lambda: device.page(chat, after=0),
        "sync, 50 behind": lambda: device.sync({chat: {"seq": head - 50, "read_seq": 0}}),
        "sync, all behind": lambda: device.sync({chat: {"seq": 0, "read_seq": 0}}),
        "conversation, with unread": counted,
        "inbox": lambda: device.call("GET", "/v1/conversations"),
        "a message, to the other": said,
        "edit of the newest": changed(head, "how are you, then?"),
        "edit of the first": changed(3, "hello again"),
        "read, half way": half,
    }
    return {name: [await timed(call) for _ in range(TIMES)] for name, call in calls.items()}


def table(readings: Sequence[Reading]) -> list[str]:
    sizes = "".join(f"{reading.events:>18,}" for reading in readings)
    return [
        f"a conversation of so many events (ms, medians of {TIMES} and the most)",
        f"  {'':28}{sizes}",
        *(
            f"  {name:28}"
            + "".join(f"{percentile(each.ms[name], 50):12.1f}{max(each.ms[name]):6.0f}" for each in readings)
            for name in readings[0].ms
        ),
        f"  {'filled in (s)':28}" + "".join(f"{reading.filled_s:>18.1f}" for reading in readings),
    ]
