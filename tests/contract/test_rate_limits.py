"""What every `RateLimits` promises."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.rate_limits import ValkeyRateLimits
from natter.bootstrap.clients import now_ms
from natter.domain.errors import RateLimited
from natter.domain.ids import new_id
from natter.domain.limits import Bucket
from natter.ports.limits import RateLimits
from tests.memory.rate_limits import MemoryRateLimits

SLOW = Bucket("slow", rate=1 / 60, burst=3)
FAST = Bucket("fast", rate=20, burst=2)


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def limits(request: pytest.FixtureRequest) -> RateLimits:
    return (
        MemoryRateLimits(now_ms) if request.param == "memory" else ValkeyRateLimits(request.getfixturevalue("valkey"))
    )


def is_taken(limits: RateLimits, bucket: Bucket, key: str, cost: int = 1) -> bool:
    try:
        limits.take(bucket, key, cost)
    except RateLimited:
        return False
    return True


class TestRateLimitsContract:
    def test_a_burst_and_no_more(self, limits: RateLimits) -> None:
        """Says when there will be a token: a minute each, here."""
        key = new_id()
        for _ in range(3):
            limits.take(SLOW, key)
        with pytest.raises(RateLimited) as refusal:
            limits.take(SLOW, key)
        assert refusal.value.retry_after_ms is not None
        assert 50_000 < refusal.value.retry_after_ms <= 60_000

    def test_a_cost_is_taken_as_a_whole_or_not_at_all(self, limits: RateLimits) -> None:
        key = new_id()
        limits.take(SLOW, key, cost=2)
        assert not is_taken(limits, SLOW, key, cost=2)
        assert is_taken(limits, SLOW, key)

    def test_keys_and_buckets_do_not_share(self, limits: RateLimits) -> None:
        key = new_id()
        limits.take(SLOW, key, cost=3)
        assert is_taken(limits, SLOW, new_id())
        assert is_taken(limits, FAST, key)

    def test_given_back_is_there_again(self, limits: RateLimits) -> None:
        key = new_id()
        limits.take(SLOW, key, cost=3)
        limits.give_back(SLOW, key, cost=2)
        assert is_taken(limits, SLOW, key, cost=2)
        assert not is_taken(limits, SLOW, key)

    def test_giving_back_never_fills_over_the_brim(self, limits: RateLimits) -> None:
        key = new_id()
        limits.give_back(SLOW, key, cost=5)
        limits.take(SLOW, key, cost=3)
        assert not is_taken(limits, SLOW, key)

    def test_looking_takes_nothing(self, limits: RateLimits) -> None:
        key = new_id()
        for _ in range(5):
            limits.look(SLOW, key)
        limits.take(SLOW, key, cost=3)
        with pytest.raises(RateLimited) as refusal:
            limits.look(SLOW, key)
        assert refusal.value.retry_after_ms is not None
        assert 50_000 < refusal.value.retry_after_ms <= 60_000

    def test_what_is_charged_may_be_more_than_there_is_but_no_more_than_twice_as_much(self, limits: RateLimits) -> None:
        key = new_id()
        for _ in range(3):
            limits.charge(SLOW, key)
        for number in range(3):
            with pytest.raises(RateLimited) as refusal:
                limits.charge(SLOW, key)
            assert refusal.value.retry_after_ms is not None
            assert number < refusal.value.retry_after_ms / 60_000 <= number + 1
        for _ in range(5):
            with pytest.raises(RateLimited):
                limits.charge(SLOW, key)
        with pytest.raises(RateLimited) as refusal:
            limits.take(SLOW, key)
        assert refusal.value.retry_after_ms is not None
        assert 3 < refusal.value.retry_after_ms / 60_000 <= 4

    def test_several_are_looked_at_and_charged_together(self, limits: RateLimits) -> None:
        key = new_id()
        limits.charge(SLOW, key, cost=2)
        limits.look(SLOW, key)
        with pytest.raises(RateLimited):
            limits.look(SLOW, key, cost=2)
        with pytest.raises(RateLimited):
            limits.charge(SLOW, key, cost=2)
        with pytest.raises(RateLimited):
            limits.look(SLOW, key)

    def test_a_bucket_fills_again(self, limits: RateLimits) -> None:
        key, deadline = new_id(), time.monotonic() + 10
        limits.take(FAST, key, cost=2)
        while not is_taken(limits, FAST, key):
            assert time.monotonic() < deadline

    def test_takers_at_the_same_time_share_one_bucket(self, limits: RateLimits) -> None:
        key = new_id()
        with ThreadPoolExecutor(8) as threads:
            taken = list(threads.map(lambda _: is_taken(limits, SLOW, key), range(12)))
        assert taken.count(True) == 3


@pytest.mark.engines
def test_a_stage_may_have_others_than_who_takes_says(valkey: Valkey) -> None:
    limits, key = ValkeyRateLimits(valkey, {"slow": Bucket("slow", rate=1, burst=1)}), new_id()
    assert [is_taken(limits, SLOW, key) for _ in range(2)] == [True, False]
    assert is_taken(limits, FAST, key, cost=2)


@pytest.mark.engines
def test_a_bucket_leaves_nothing_behind_when_full(valkey: Valkey) -> None:
    limits, key = ValkeyRateLimits(valkey), new_id()
    limits.take(SLOW, key)
    with valkey.client() as client:
        assert 50_000 < client.pttl(f"rate:slow:{key}") <= 60_000
        limits.give_back(SLOW, key)
        assert client.exists(f"rate:slow:{key}") == 0
