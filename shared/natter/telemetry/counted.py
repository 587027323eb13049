"""Ports whose calls are counted and are legs of traces, whoever makes them: each stands before its adapter."""

from collections import Counter
from collections.abc import Mapping, Sequence

from natter.domain.connections import Closing, Connection
from natter.domain.delivery import Post, PostResult
from natter.domain.ids import ConversationId
from natter.domain.messages.commands import Command
from natter.domain.messages.events import Head, HeadPlace
from natter.domain.push.registrations import Handed, Waking
from natter.metrics import (
    ACCEPTED,
    CACHE_HITS,
    CACHE_MISSES,
    HEADS,
    POSTS_DELIVERED,
    POSTS_FAILED,
    POSTS_GONE,
    POSTS_UNTRIED,
)
from natter.ports.delivery import Gateway
from natter.ports.messages import CommandLog
from natter.ports.push import PushService
from natter.ports.reading import HeadCache, ReadTable
from natter.telemetry import recorder, tracer

_POSTS = {
    PostResult.DELIVERED: POSTS_DELIVERED,
    PostResult.GONE: POSTS_GONE,
    PostResult.FAILED: POSTS_FAILED,
    PostResult.UNTRIED: POSTS_UNTRIED,
}


def count_look_ups(cache: str, hits: int, misses: int) -> None:
    """What was found in one of `natter.metrics.CACHES`, and what was not."""
    recorder.count(CACHE_HITS, hits, cache)
    recorder.count(CACHE_MISSES, misses, cache)


class CountedCommandLog:
    def __init__(self, log: CommandLog) -> None:
        self._log = log

    def append(self, command: Command) -> int:
        with tracer.leg("append", items=len(command.items)):
            at = self._log.append(command)
        recorder.count(ACCEPTED, len(command.items))
        return at


class CountedGateway:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        with tracer.leg("post", posts=len(posts)):
            results = self._gateway.post(posts, budget_s=budget_s)
        for result, count in Counter(results).items():
            recorder.count(_POSTS[result], count)
        return results

    def close(self, connections: Sequence[Connection]) -> Sequence[Closing]:
        return self._gateway.close(connections)


class CountedHeadCache:
    def __init__(self, cache: HeadCache) -> None:
        self._cache = cache

    def advance(self, heads: Sequence[Head]) -> None:
        self._cache.advance(heads)

    def get(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
        found = self._cache.get(conversations)
        count_look_ups(HEADS, len(found), len(conversations) - len(found))
        return found

    def places(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, HeadPlace]:
        found = self._cache.places(conversations)
        count_look_ups(HEADS, len(found), 0)  # who misses them asks for them whole, and is counted there
        return found

    def fill(self, conversations: Sequence[ConversationId], read: ReadTable) -> Mapping[ConversationId, Head]:
        return self._cache.fill(conversations, read)


class TracedPushService:
    """What comes of it is counted by who asks (`natter.telemetry.measured`)."""

    def __init__(self, service: PushService) -> None:
        self._service = service

    def hand_over(self, wakings: Sequence[Waking], *, budget_s: float) -> Sequence[Handed]:
        with tracer.leg("push", devices=len(wakings)):
            return self._service.hand_over(wakings, budget_s=budget_s)


_log: type[CommandLog] = CountedCommandLog
_gateway: type[Gateway] = CountedGateway
_pushes: type[PushService] = TracedPushService
_heads: type[HeadCache] = CountedHeadCache
