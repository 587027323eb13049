import struct
from collections.abc import Sequence

import pytest

from local.keyspaces import Switches, read, refusal_of_text
from local.keyspaces.rules import Refusal, refusal_of_batch, refusal_of_request

TABLES = {
    ("shop", "orders"): Switches(timestamps=True, ttl=True),
    ("shop", "plain"): Switches(timestamps=False, ttl=False),
}
NOW_US = 1_800_000_000_000_000
DAY_US = 24 * 3600 * 1_000_000


def of_text(text: str) -> str:
    return str(refusal_of_text(read(text), TABLES, "shop") or "")


def of_request(text: str, *values: bytes, consistency: str = "LOCAL_QUORUM") -> str:
    return str(refusal_of_request(read(text), consistency, values, NOW_US) or "")


def a_list(length: int) -> bytes:
    return struct.pack(">i", length) + b"\0\0\0\1x" * length


class TestText:
    @pytest.mark.parametrize(
        "text",
        [
            "SELECT JSON a, WRITETIME(b) FROM orders WHERE a = ? AND c IN ? ORDER BY c DESC LIMIT ? ALLOW FILTERING",
            "INSERT INTO orders (a, count) VALUES (?, ?) IF NOT EXISTS USING TTL ? AND TIMESTAMP ?",
            "DELETE a FROM orders WHERE b = ? IF EXISTS",
            "BEGIN BATCH INSERT INTO orders (a) VALUES (1); DELETE FROM plain WHERE b = 1; APPLY BATCH",
            "CREATE TABLE orders (a text, b frozen<list<int>>, PRIMARY KEY (a)) WITH default_time_to_live = 9",
            "ALTER TABLE orders ADD d bigint",
            "CREATE TYPE place (street text)",
            "USE shop",
        ],
    )
    def test_what_keyspaces_does_is_not_refused(self, text: str) -> None:
        assert of_text(text) == ""

    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            ("CREATE INDEX ON orders (total)", "CREATE INDEX is not supported"),
            ("CREATE MATERIALIZED VIEW v AS SELECT a FROM b", "CREATE MATERIALIZED VIEW is not supported"),
            ("CREATE FUNCTION f (a int) RETURNS int", "CREATE FUNCTION is not supported"),
            ("CREATE AGGREGATE f (int)", "CREATE AGGREGATE is not supported"),
            ("CREATE TRIGGER t ON orders USING 'x'", "CREATE TRIGGER is not supported"),
            ("CREATE ROLE ann", "CREATE ROLE is not supported"),
            ("ALTER TYPE place ADD town text", "ALTER TYPE is not supported"),
            ("TRUNCATE orders", "TRUNCATE is not supported"),
            ("COPY orders TO 'file'", "COPY is not supported"),
            ("GRANT SELECT ON orders TO ann", "GRANT is not supported"),
            ("ALTER TABLE orders DROP total", "a table is altered with ADD or WITH, not with DROP"),
            ("ALTER TABLE orders RENAME a TO b", "a table is altered with ADD or WITH, not with RENAME"),
            ("CREATE TABLE t (a int PRIMARY KEY, b duration)", "there is no type DURATION"),
            ("SELECT COUNT(*) FROM orders", "there is no aggregate COUNT"),
            ("SELECT DISTINCT a FROM orders", "SELECT has no DISTINCT"),
            ("SELECT a FROM orders GROUP BY a", "SELECT has no GROUP BY"),
            ("SELECT a FROM orders PER PARTITION LIMIT 1", "SELECT has no PER PARTITION LIMIT"),
            ("UPDATE plain USING TIMESTAMP ? SET a = 1 WHERE b = 2", "client-side timestamps are not on in shop.plain"),
            ("INSERT INTO shop.plain (a) VALUES (1) USING TTL 5", "time to live is not on in shop.plain"),
            ("BEGIN COUNTER BATCH UPDATE plain SET a = a + 1 WHERE b = 1; APPLY BATCH", "there are no COUNTER batches"),
            (
                "BEGIN UNLOGGED BATCH INSERT INTO plain (a) VALUES (1) IF NOT EXISTS; APPLY BATCH",
                "a batch has no conditional statements",
            ),
        ],
    )
    def test_what_keyspaces_does_not_do_is_refused_with_its_source(self, text: str, rule: str) -> None:
        refusal = of_text(text)
        assert refusal.startswith(f"Amazon Keyspaces refuses this: {rule} (https://docs.aws.amazon.com/keyspaces/")

    def test_columns_have_a_limit_that_time_to_live_lowers(self) -> None:
        def insert(columns: int, using: str = "") -> str:
            names = ", ".join(f"c{n}" for n in range(columns))
            return f"INSERT INTO orders ({names}) VALUES (1) {using}"  # noqa: S608 - it is not run

        assert of_text(insert(225)) == of_text(insert(166, "USING TTL 5")) == ""
        assert "225 columns at most, not 226" in of_text(insert(226))
        assert "166 columns at most, not 167" in of_text(insert(167, "USING TTL 5"))


class TestRequest:
    @pytest.mark.parametrize("level", ["ONE", "LOCAL_ONE", "LOCAL_QUORUM"])
    def test_levels_of_reads(self, level: str) -> None:
        assert of_request("SELECT a FROM orders", consistency=level) == ""

    @pytest.mark.parametrize("level", ["QUORUM", "EACH_QUORUM", "ALL", "TWO", "THREE", "ANY", "SERIAL", "LOCAL_SERIAL"])
    def test_other_levels_are_refused(self, level: str) -> None:
        assert f"not {level}" in of_request("SELECT a FROM orders", consistency=level)
        assert f"not {level}" in of_request("DELETE FROM orders WHERE a = 1", consistency=level)

    def test_writes_are_at_local_quorum(self) -> None:
        assert of_request("DELETE FROM orders WHERE a = 1") == ""
        assert "LOCAL_QUORUM, not LOCAL_ONE" in of_request("DELETE FROM orders WHERE a = 1", consistency="LOCAL_ONE")

    @pytest.mark.parametrize("ahead_us", [-2 * DAY_US, 0, 300 * 1_000_000])
    def test_timestamps_of_now(self, ahead_us: int) -> None:
        text = "UPDATE orders USING TIMESTAMP ? SET a = ? WHERE b = ?"
        assert of_request(text, struct.pack(">q", NOW_US + ahead_us), b"", b"") == ""

    @pytest.mark.parametrize("ahead_us", [-2 * DAY_US - 1, 300 * 1_000_000 + 1, -NOW_US])
    def test_timestamps_beyond_are_refused(self, ahead_us: int) -> None:
        text = "UPDATE orders USING TIMESTAMP ? SET a = ? WHERE b = ?"
        assert "at most 2 days old" in of_request(text, struct.pack(">q", NOW_US + ahead_us), b"", b"")
        batch = "BEGIN BATCH DELETE FROM orders USING TIMESTAMP ? WHERE a = 1; APPLY BATCH"
        assert "at most 2 days old" in of_request(batch, struct.pack(">q", NOW_US + ahead_us))

    def test_timestamp_in_the_text_is_refused_as_well(self) -> None:
        assert "at most 2 days old" in of_request("DELETE FROM orders USING TIMESTAMP 17 WHERE a = 1")

    def test_subqueries_of_in_multiply(self) -> None:
        text = "SELECT a FROM orders WHERE b IN ? AND c IN (1, 2)"
        assert of_request(text, a_list(50)) == ""
        assert "100 subqueries at most, not 102" in of_request(text, a_list(51))

    def test_row_of_more_than_1_mb(self) -> None:
        text = "INSERT INTO orders (a, b) VALUES (?, ?)"
        assert of_request(text, b"x" * 1024 * 1024, b"") == ""
        assert "1 MB at most" in of_request(text, b"x" * 1024 * 1024, b"y")


class TestBatch:
    @pytest.mark.parametrize(("kind", "limit"), [("LOGGED", 100), ("UNLOGGED", 30)])
    def test_number_of_statements(self, kind: str, limit: int) -> None:
        assert self._refusal(kind, ["DELETE FROM t WHERE a = 1"] * limit) is None
        refusal = self._refusal(kind, ["DELETE FROM t WHERE a = 1"] * (limit + 1))
        assert f"{limit} statements at most, not {limit + 1}" in str(refusal)

    def test_conditional_statements_are_refused(self) -> None:
        assert "conditional" in str(self._refusal("LOGGED", ["DELETE FROM t WHERE a = 1 IF EXISTS"]))

    @staticmethod
    def _refusal(kind: str, texts: Sequence[str]) -> Refusal | None:
        return refusal_of_batch(kind, [read(text) for text in texts])
