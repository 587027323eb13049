"""The connection to Valkey: what it survives, and what happens without it."""

import time

import pytest
from redis.exceptions import ClusterDownError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import TimeoutError as Late

from natter.adapters.valkey.client import Valkey, valkey_errors
from natter.adapters.valkey.rate_limits import ValkeyRateLimits
from natter.domain.errors import Unavailable
from natter.domain.limits import Bucket
from natter.settings import ValkeySettings

NOWHERE = ValkeySettings(endpoint="127.0.0.1:1", auth="none")


@pytest.mark.engines
class TestValkey:
    def test_a_dead_connection_is_made_anew(self, valkey: Valkey, valkey_settings: ValkeySettings) -> None:
        """As after a freeze: the server hung up meanwhile."""
        other = Valkey(valkey_settings, lambda: None)
        with valkey.client() as client, other.client() as killer:
            client.set("kept", "yes")
            killer.client_kill_filter(_type="normal", skipme=True)
            assert client.get("kept") == "yes"
        other.close()

    def test_one_client_serves_all(self, valkey: Valkey) -> None:
        with valkey.client() as first, valkey.client() as second:
            assert first is second

    def test_a_mistake_of_ours_is_not_an_outage(self, valkey: Valkey) -> None:
        with valkey.client() as client:
            client.set("text", "x")
            with pytest.raises(ResponseError):
                client.incr("text")


class TestValkeyIsDown:
    def test_is_said_in_time(self) -> None:
        began = time.monotonic()
        with pytest.raises(Unavailable), Valkey(NOWHERE, lambda: None).client() as client:
            client.ping()
        assert time.monotonic() - began < 3

    def test_rate_limits_are_open(self, caplog: pytest.LogCaptureFixture) -> None:
        """And each time that is logged, without saying for whom."""
        limits = ValkeyRateLimits(Valkey(NOWHERE, lambda: None))
        for _ in range(3):
            limits.take(Bucket("tight", rate=1 / 60, burst=1), "ann")
        limits.give_back(Bucket("tight", rate=1 / 60, burst=1), "ann")
        assert caplog.messages == ["rate limit tight is open: cache did not answer in time"] * 4


@pytest.mark.parametrize("error", [Lost, Late, ClusterDownError, ReadOnlyError, OSError])
def test_outages_are_unavailable(error: type[Exception]) -> None:
    with pytest.raises(Unavailable), valkey_errors():
        raise error("CLUSTERDOWN")
