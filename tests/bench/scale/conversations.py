"""What the number of conversations costs: those that there are, and those that one user is in."""

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from redis.asyncio import Redis

from local.cloud import Cloud
from natter.domain.conversations.members import Member
from natter.domain.ids import ClientId, ConversationId, UserId, new_id
from natter.domain.messages.commands import Command, CreateConversation
from tests.bench import processes
from tests.bench.latency import percentile, timed
from tests.bench.scale.filling import alone, fill, messages
from tests.bench.scale.statements import statements
from tests.support.api import Api, User
from tests.support.leftovers import database
from tests.support.socket import Socket

FIRST, STEP = 1_000, 10
MOST_OF_ONE = 5_000
OF_ONE = (10, 100, 1_000, MOST_OF_ONE)
"""Conversations of one user."""
TIMES = 12
STATED = 3
AT_ONCE = 5_000
PEOPLE = 100
"""Who share the rest."""

_PEOPLE = """
INSERT INTO users (user_id, username, display_name, created_at)
SELECT id, id, id, %(at)s::bigint FROM unnest(%(ids)s::text[]) id
"""
_BEGUN = """
INSERT INTO conversations (conversation_id, kind, title, history, created_by, created_at, version)
SELECT id, 'group', 'Many', 'all', founder, %(at)s::bigint, 1
FROM unnest(%(ids)s::text[], %(founders)s::text[]) made (id, founder)
"""
_MEMBERS = """
INSERT INTO members (conversation_id, user_id, role, joined_at, version)
SELECT id, member, role, %(at)s::bigint, 1
FROM unnest(%(ids)s::text[], %(members)s::text[], %(roles)s::text[]) made (id, member, role)
"""


@dataclass(frozen=True, kw_only=True)
class Sized:
    conversations: int
    filled_s: float
    cold_ms: Sequence[float]
    """A message in one of them that nobody has talked in for a while, from the call to its own screen."""
    warm_ms: Sequence[float]
    """In the same one, always."""
    inbox_ms: Sequence[float]
    """Of somebody who is in fifty."""
    valkey_kb: float
    """Of each conversation."""
    persist_mb: float


@dataclass(frozen=True, kw_only=True)
class OfOne:
    conversations: int
    inbox_ms: Sequence[float]
    sync_ms: Sequence[float]
    """All read and known: nothing to be told."""
    statements: Mapping[str, Mapping[str, float]]
    """Of an inbox and of a sync; none where nobody counts."""


async def measure(cloud: Cloud, *, conversations: int) -> tuple[list[Sized], list[OfOne]]:
    """With a thousand, ten thousand and so on, up to so many; then of users who are in many of them."""
    sized = []
    async with Api(cloud.app.outputs) as api:
        talker, fifty = await api.sign_up("talker"), await api.sign_up("fifty")
        busy = {size: await api.sign_up("busy") for size in OF_ONE if size <= conversations}
        screen = await talker.connect()
        people = await _people(cloud)
        insiders = {50: fifty.user_id} | {size: each.user_id for size, each in busy.items()}
        there, size = 0, FIRST
        while size <= conversations:
            before, began = await _valkey(cloud), time.monotonic()
            talked = await _begin(cloud, range(there, size), people, insiders, talker)
            filled_s, after = time.monotonic() - began, await _valkey(cloud)
            sized.append(
                Sized(
                    conversations=size,
                    filled_s=filled_s,
                    cold_ms=[await timed(_said(screen, each)) for each in talked],
                    warm_ms=[await timed(_said(screen, talked[0])) for _ in talked],
                    inbox_ms=[await timed(lambda: fifty.call("GET", "/v1/conversations")) for _ in range(TIMES)],
                    valkey_kb=(after - before) / (size - there) / 1024,
                    persist_mb=processes.memory_mb(cloud)["persist"],
                )
            )
            there, size = size, size * STEP
        return sized, [await _of_one(cloud, each, number) for number, each in busy.items()]


async def _begin(
    cloud: Cloud, numbers: range, people: Sequence[str], insiders: Mapping[int, str], talker: User
) -> list[str]:
    """So many more, with a message in each; those in which the talker is."""
    made: dict[str, list[str]] = {}
    talked = set(random.sample(numbers, TIMES))
    for number in numbers:
        founder = talker.user_id if number in talked else people[number % len(people)]
        others = [people[(number + 1) % len(people)], *(each for most, each in insiders.items() if number < most)]
        made[new_id()] = [founder, *others]
    await asyncio.to_thread(_insert, cloud, made)
    async with alone(cloud):
        await fill(cloud, _commands(made))
    return [chat for chat, members in made.items() if members[0] == talker.user_id]


def _insert(cloud: Cloud, made: Mapping[str, Sequence[str]]) -> None:
    """As `Create` does, but for the outbox: what is announced goes to the log next."""
    at = time.time_ns() // 1_000_000
    with database(cloud) as connection:
        for some in batched(made.items(), AT_ONCE, strict=False):
            founders = [members[0] for _, members in some]
            connection.execute(_BEGUN, {"ids": [chat for chat, _ in some], "founders": founders, "at": at})
            rows = [
                (chat, member, "member" if place else "owner")
                for chat, members in some
                for place, member in enumerate(members)
            ]
            ids, members, roles = map(list, zip(*rows, strict=True))
            connection.execute(_MEMBERS, {"ids": ids, "members": members, "roles": roles, "at": at})


def _commands(made: Mapping[str, Sequence[str]]) -> Iterable[Command]:
    for chat, (founder, *others) in made.items():
        members = (
            Member(user_id=UserId(founder), role="owner"),
            *(Member(user_id=UserId(each), role="member") for each in others),
        )
        item = CreateConversation(
            client_id=ClientId(new_id()), kind="group", members=members, title="Many", history="all"
        )
        yield Command(conversation_id=ConversationId(chat), sender_id=UserId(founder), items=(item,), decided=True)
        yield from messages(chat, founder, 1)


async def _people(cloud: Cloud) -> list[str]:
    name = f"p{secrets.token_hex(4)}"
    ids = [f"{name}n{each}" for each in range(PEOPLE)]

    def insert() -> None:
        with database(cloud) as connection:
            connection.execute(_PEOPLE, {"ids": ids, "at": time.time_ns() // 1_000_000})

    await asyncio.to_thread(insert)
    return ids


def _said(screen: Socket, chat: str) -> Callable[[], Awaitable[None]]:
    async def say() -> None:
        (client_id,) = await screen.say(chat, "hello")
        await screen.event(chat, client_id)

    return say


async def _of_one(cloud: Cloud, user: User, number: int) -> OfOne:
    device = await user.on_another_device()
    positions: dict[str, dict[str, int]] = {}
    more: dict[str, str] = {}
    while True:
        page = (await device.call("GET", "/v1/conversations", query={"limit": 200, **more})).expect(200)
        for each in page["items"]:
            positions[each["conversation_id"]] = {"seq": each["head"]["seq"], "read_seq": each["read_seq"]}
        if "next_cursor" not in page:
            break
        more = {"cursor": page["next_cursor"]}
    assert len(positions) == number, len(positions)

    async def inbox() -> None:
        (await device.call("GET", "/v1/conversations")).expect(200)

    async def sync() -> None:
        await device.sync(positions)

    return OfOne(
        conversations=number,
        inbox_ms=[await timed(inbox) for _ in range(TIMES)],
        sync_ms=[await timed(sync) for _ in range(TIMES)],
        statements={
            "inbox": await statements(cloud, inbox, times=STATED),
            "sync": await statements(cloud, sync, times=STATED),
        },
    )


async def _valkey(cloud: Cloud) -> int:
    async with Redis.from_url(f"redis://{cloud.engines['valkey'].address}") as valkey:
        return int((await valkey.info("memory"))["used_memory"])


def table(sized: Sequence[Sized], of_one: Sequence[OfOne]) -> list[str]:
    return [
        f"a stage of so many conversations (ms, medians of {TIMES} and the most)",
        (
            f"  {'conversations':>14}{'said, cold':>16}{'said, warm':>16}{'inbox of 50':>16}{'Valkey KB':>12}"
            f"{'persist MB':>12}{'filled in (s)':>14}"
        ),
        *(
            f"  {each.conversations:14,}{_ms(each.cold_ms)}{_ms(each.warm_ms)}{_ms(each.inbox_ms)}"
            f"{each.valkey_kb:12.2f}{each.persist_mb:12.0f}{each.filled_s:14.1f}"
            for each in sized
        ),
        "somebody who is in so many of them, and has seen all (ms; statements of one request)",
        f"  {'conversations':>14}{'inbox, a page':>16}{'sync':>16}",
        *(
            f"  {each.conversations:14,}{_ms(each.inbox_ms)}{_ms(each.sync_ms)}"
            + "".join(
                f"  {name}: " + ", ".join(f"{kind} {times:g}" for kind, times in found.items())
                for name, found in each.statements.items()
                if found
            )
            for each in of_one
        ),
    ]


def _ms(values: Sequence[float]) -> str:
    return f"{percentile(values, 50):10.1f}{max(values):6.0f}"
