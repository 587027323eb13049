"""
After a thaw: the lines of a function that was frozen are dead, and nothing tells.

The next call is answered all the same, after one time-out; the other lines that have lain idle do not cost one each.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from botocore.credentials import Credentials

from natter.adapters.cassandra.client import QUIET_S, CassandraSession
from natter.adapters.gateway.gateway import ApiGateway
from natter.adapters.http.connection import IDLE_S
from natter.adapters.postgres.client import ANSWER_GRACE_S, Cursor, Postgres
from natter.adapters.valkey.client import Valkey
from natter.domain.delivery import Post, PostResult
from natter.domain.errors import Unavailable
from natter.settings import KeyspacesSettings, PostgresSettings, ValkeySettings
from tests.contract.conftest import ROLE
from tests.contract.test_gateway import Server, on, server, sockets
from tests.support.relay import Relay, relayed

__all__ = ["server", "sockets"]

LINES = 5
SLACK_S = 2.5
"""What making a new line, and an answer on it, may take on a busy machine: less than any time-out here."""


def took_s(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


@pytest.mark.engines
class TestValkey:
    TIMEOUT_S = 3.0

    def test_one_time_out_for_all_lines(self, valkey_settings: ValkeySettings) -> None:
        with relayed(valkey_settings.endpoint) as relay:
            valkey = Valkey(
                valkey_settings.model_copy(update={"endpoint": relay.address, "timeout_s": self.TIMEOUT_S}),
                lambda: None,
            )
            self.ask_on_all(valkey)
            assert relay.silence() == LINES
            with valkey.client() as client:
                assert self.TIMEOUT_S < took_s(client.ping) < self.TIMEOUT_S + SLACK_S
            assert took_s(lambda: self.ask_on_all(valkey)) < SLACK_S
            valkey.close()

    def ask_on_all(self, valkey: Valkey) -> None:
        """As that many threads at once."""
        with valkey.client() as client:
            pool = client.connection_pool
            lines = [pool.get_connection() for _ in range(LINES)]
            for line in lines:
                line.send_command("PING")
            assert [line.read_response() for line in lines] == ["PONG"] * LINES
            for line in lines:
                pool.release(line)


@pytest.mark.engines
class TestPostgres:
    TIMEOUT_S = 2.0 + ANSWER_GRACE_S

    @pytest.fixture
    def settings(self, postgres_settings: PostgresSettings) -> PostgresSettings:
        return postgres_settings.model_copy(update={"statement_timeout_s": 2.0})

    def through(self, relay: Relay, settings: PostgresSettings) -> Postgres:
        return Postgres(settings.model_copy(update={"endpoint": relay.address}), lambda: ROLE)

    def test_a_dead_line_costs_one_time_out(self, settings: PostgresSettings) -> None:
        """It was waited for until the function's own time was over."""
        with relayed(settings.endpoint) as relay:
            database = self.through(relay, settings)
            database.query("SELECT 1")
            assert relay.silence() == 1
            assert took_s(lambda: database.query("SELECT 1")) < self.TIMEOUT_S + SLACK_S
            assert took_s(lambda: database.query("SELECT 1")) < SLACK_S
            assert relay.made == 2
            database.close()

    def test_one_that_dies_in_a_transaction_does_not_cost_more(self, settings: PostgresSettings) -> None:
        with relayed(settings.endpoint) as relay:
            database = self.through(relay, settings)
            database.query("SELECT 1")

            def work(cursor: Cursor) -> str:
                cursor.execute("SELECT 1")
                if relay.made == 1:
                    relay.silence()
                cursor.execute("SELECT 1")
                return "done"

            assert took_s(lambda: database.run(work)) < self.TIMEOUT_S + SLACK_S
            assert database.run(work) == "done"
            database.close()


@pytest.mark.engines
class TestCassandra:
    TIMEOUT_S = 3.0

    def test_a_dead_line_costs_one_time_out(self, cassandra_endpoint: str) -> None:
        """The driver went on asking on it for a minute."""
        now = [1_000.0]
        with relayed(cassandra_endpoint) as relay:
            session = CassandraSession(
                KeyspacesSettings(
                    endpoint=relay.address, keyspace="system", auth="none", request_timeout_s=self.TIMEOUT_S
                ),
                clock=lambda: now[0],
            )

            def ask() -> object:
                return session.run([("SELECT release_version FROM local", ())])

            ask()
            assert relay.silence() > 0
            with pytest.raises(Unavailable):  # it answered a moment ago: the store may be slow
                ask()
            now[0] += QUIET_S + 1
            assert self.TIMEOUT_S < took_s(ask) < self.TIMEOUT_S + 2 + SLACK_S  # a new session takes about a second
            assert took_s(ask) < SLACK_S
            session.close()


class TestGateway:
    BUDGET_S = 3.0

    @pytest.fixture
    def relay(self, server: Server) -> Iterator[Relay]:
        with relayed(f"127.0.0.1:{server.server_port}") as relay:
            yield relay

    @pytest.fixture
    def now(self) -> list[float]:
        return [1_000.0]

    @pytest.fixture
    def gateway(self, now: list[float]) -> Iterator[ApiGateway]:
        gateway = ApiGateway(lambda: Credentials("AKID", "secret"), "eu-central-1", clock=lambda: now[0])
        yield gateway
        for line in [line for lines in gateway._idle.values() for line in lines]:
            line.close()

    @pytest.fixture
    def posts(self, server: Server, relay: Relay) -> list[Post]:
        names = [f"c{number}" for number in range(LINES)]
        endpoint = f"http://{relay.address}/dev"
        return [Post(connection=replace(each, endpoint=endpoint), frame=b"{}") for each in on(server, *names)]

    def test_lines_that_were_idle_for_long_are_not_used_again(
        self, gateway: ApiGateway, relay: Relay, posts: list[Post], now: list[float]
    ) -> None:
        assert gateway.post(posts, budget_s=5) == [PostResult.DELIVERED] * LINES
        relay.silence()
        now[0] += IDLE_S + 1
        assert gateway.post(posts, budget_s=self.BUDGET_S) == [PostResult.DELIVERED] * LINES

    def test_one_that_proves_dead_takes_the_others_with_it(
        self, gateway: ApiGateway, relay: Relay, posts: list[Post], now: list[float]
    ) -> None:
        assert gateway.post(posts, budget_s=5) == [PostResult.DELIVERED] * LINES
        assert relay.silence() == LINES
        now[0] += 1
        assert gateway.post(posts[:1], budget_s=self.BUDGET_S) == [PostResult.FAILED]
        assert gateway.post(posts, budget_s=self.BUDGET_S) == [PostResult.DELIVERED] * LINES
