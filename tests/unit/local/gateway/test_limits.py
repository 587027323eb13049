import re

from local.gateway.limits import TokenBucket, new_id


class TestTokenBucket:
    def test_burst_then_rate(self) -> None:
        now = 0.0
        bucket = TokenBucket(2, 3, clock=lambda: now)
        assert [bucket.take() for _ in range(4)] == [True, True, True, False]
        now = 0.5
        assert [bucket.take(), bucket.take()] == [True, False]
        now = 100.0
        assert [bucket.take() for _ in range(4)] == [True, True, True, False]

    def test_without_a_rate_it_never_refuses(self) -> None:
        assert all(TokenBucket(None, None).take() for _ in range(10))


class TestNewId:
    def test_has_the_form_of_api_gateway(self) -> None:
        assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", new_id())
        assert len({new_id() for _ in range(100)}) == 100
