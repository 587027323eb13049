import pytest

from local.keyspaces.cql import Marker, Statement, read


class TestRead:
    @pytest.mark.parametrize(
        ("text", "verb", "table"),
        [
            ("SELECT * FROM heads WHERE id = ?", "SELECT", ("heads",)),
            ('select a from "Shop"."Orders"', "SELECT", ("Shop", "Orders")),
            ("INSERT INTO Shop.orders (id) VALUES (1)", "INSERT", ("shop", "orders")),
            ("UPDATE orders SET a = 1 WHERE id = 2", "UPDATE", ("orders",)),
            ("DELETE FROM orders WHERE id = 2", "DELETE", ("orders",)),
            ("CREATE OR REPLACE FUNCTION f (a int) …", "CREATE FUNCTION", ()),
            ("CREATE CUSTOM INDEX ON orders (total)", "CREATE INDEX", ()),
            ("CREATE MATERIALIZED VIEW v AS SELECT a FROM b", "CREATE MATERIALIZED VIEW", ()),
            ("-- a note\nTRUNCATE /* all of */ orders", "TRUNCATE", ()),
            ("", "", ()),
        ],
    )
    def test_verb_and_table(self, text: str, verb: str, table: tuple[str, ...]) -> None:
        statement = read(text)
        assert (verb, table) == (statement.verb, statement.table)

    def test_timestamp_is_the_marker_of_that_number(self) -> None:
        assert read("UPDATE t USING TTL ? AND TIMESTAMP ? SET a = ? WHERE b = ?").timestamp == Marker(1)
        assert read("INSERT INTO t (a, b) VALUES (?, ?) USING TIMESTAMP ?").timestamp == Marker(2)
        assert read("DELETE FROM t USING TIMESTAMP 17 WHERE a = ?").timestamp == 17
        assert read("INSERT INTO t (timestamp, ttl) VALUES (?, ?)").timestamp is None

    def test_what_stands_in_a_string_is_no_clause(self) -> None:
        statement = read("INSERT INTO t (a) VALUES ('it''s IF ? USING TIMESTAMP 1') USING TTL ?")
        assert statement == Statement(verb="INSERT", table=("t",), clauses=frozenset({"TTL"}), columns=1)

    def test_columns_that_are_written(self) -> None:
        assert read('INSERT INTO t (a, "B", c) VALUES (f(1, 2), ?, ?)').columns == 3
        assert read("UPDATE t SET a = {1: 2, 3: 4}, b = ? WHERE c = 1 AND d = 2").columns == 2

    def test_lists_of_in(self) -> None:
        assert read("SELECT a FROM t WHERE b IN (1, ?, 3) AND c IN ? AND d = ?").lists == (3, Marker(1))

    @pytest.mark.parametrize(
        ("text", "clause"),
        [
            ("SELECT DISTINCT a FROM t", "DISTINCT"),
            ("SELECT a FROM t GROUP BY a", "GROUP BY"),
            ("SELECT a FROM t PER PARTITION LIMIT 2", "PER PARTITION LIMIT"),
            ("INSERT INTO t (a) VALUES (1) IF NOT EXISTS", "IF"),
            ("UPDATE t SET a = 1 WHERE b = 2 IF a = 3", "IF"),
            ("ALTER TABLE t DROP a", "DROP"),
        ],
    )
    def test_clauses(self, text: str, clause: str) -> None:
        assert read(text).clauses == {clause}

    def test_types_of_columns(self) -> None:
        text = "CREATE TABLE t (vector text, b frozen<map<text, duration>>, PRIMARY KEY (vector))"
        assert {"TEXT", "MAP", "DURATION"} <= read(text).types
        assert "VECTOR" not in read(text).types
        assert read("ALTER TABLE t ADD a vector<float, 3>").types >= {"VECTOR"}

    def test_batch_has_its_statements(self) -> None:
        batch = read(
            "BEGIN UNLOGGED BATCH USING TIMESTAMP ? INSERT INTO a (b) VALUES (?); "
            "UPDATE c USING TIMESTAMP ? SET d = 1 WHERE e = 2; APPLY BATCH"
        )
        assert batch.clauses == {"UNLOGGED", "TIMESTAMP"}
        assert batch.timestamp == Marker(0)
        assert [(part.table, part.timestamp) for part in batch.parts] == [(("a",), None), (("c",), Marker(2))]
