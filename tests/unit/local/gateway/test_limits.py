import re

from local.gateway.limits import Throttles, TokenBucket, new_id
from local.model import Api, Throttle


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


class TestThrottles:
    def throttles(self) -> Throttles:
        return Throttles(
            Api(
                api_id="a",
                kind="HTTP",
                stage="$default",
                routes=(),
                port=1,
                throttle=Throttle(rate=0.001, burst=2),
                route_throttles={"POST /sessions": Throttle(rate=0.001, burst=1), "$connect": Throttle()},
            )
        )

    def test_route_with_its_own_takes_nothing_of_the_others(self) -> None:
        throttles = self.throttles()
        assert [throttles.take("POST /sessions") for _ in range(3)] == [True, False, False]
        assert [throttles.take("GET /users"), throttles.take(None), throttles.take("GET /users")] == [True, True, False]

    def test_own_settings_without_a_rate_are_no_limit(self) -> None:
        """They take the place of the stage's default, all of it."""
        throttles = self.throttles()
        assert all(throttles.take("$connect") for _ in range(10))


class TestNewId:
    def test_has_the_form_of_api_gateway(self) -> None:
        assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", new_id())
        assert len({new_id() for _ in range(100)}) == 100
