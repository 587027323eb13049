from natter.domain.delivery import Post, PostResult
from natter.domain.messages.events import Head
from natter.telemetry.counted import CountedCommandLog, CountedGateway, CountedHeadCache
from tests.measuring import Measured
from tests.memory.gateway import MemoryGateway
from tests.memory.head_cache import MemoryHeadCache
from tests.memory.logs import MemoryCommandLog
from tests.messages import ANN, LOBBY, NOON, a_command, a_connection, a_post

PHONE = a_connection(ANN)


def test_what_the_log_has_confirmed_is_accepted(measured: Measured) -> None:
    log = CountedCommandLog(MemoryCommandLog(lambda: NOON))
    assert log.append(a_command(a_post("m1"), a_post("m2"))) == NOON
    assert measured() == {"Accepted": [2]}


def test_posts_are_counted_by_what_came_of_them(measured: Measured) -> None:
    gateway = MemoryGateway()
    gateway.script[PHONE.connection_id] = [*PostResult, PostResult.DELIVERED]
    posted = [Post(connection=PHONE, frame=b"{}")] * (len(PostResult) + 1)
    CountedGateway(gateway).post(posted, budget_s=1)
    assert measured() == {"PostsDelivered": [2], "PostsGone": [1], "PostsFailed": [1], "PostsUntried": [1]}


def test_a_head_that_is_looked_up_is_a_hit_or_a_miss(measured: Measured) -> None:
    cache = CountedHeadCache(MemoryHeadCache())
    assert cache.get([LOBBY]) == {}
    cache.fill([LOBBY], lambda conversations: {each: Head(conversation_id=each) for each in conversations})
    assert list(cache.places([LOBBY])) == list(cache.get([LOBBY])) == [LOBBY]
    assert measured() == {"CacheMisses[heads]": [1], "CacheHits[heads]": [2]}
