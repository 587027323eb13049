import pytest

from local.doors.pinning import LONGEST_BYTES, pins


class TestPins:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("SET statement_timeout = 5", "a setting"),
            ("  reset all", "a setting"),
            ("SELECT set_config($1, $2, false)", "a setting"),
            ("BEGIN; SET search_path TO chat", "a setting"),
            ("PREPARE find AS SELECT 1", "a prepared statement"),
            ("SELECT pg_advisory_lock(1)", "an advisory lock"),
            ("SELECT pg_try_advisory_lock(1)", "an advisory lock"),
            ("CREATE TEMP TABLE t (a int)", "a temporary object"),
            ("SELECT 1 INTO TEMPORARY t", "a temporary object"),
            ("SELECT nextval('s')", "a sequence"),
            ("DECLARE c CURSOR FOR SELECT 1", "a cursor"),
            ("LISTEN letters", "a notification channel"),
            ("SELECT '" + "a" * LONGEST_BYTES + "'", "a long statement"),
        ],
    )
    def test_what_leaves_something_behind_in_the_session(self, text: str, why: str) -> None:
        assert pins(text) == why

    @pytest.mark.parametrize(
        "text",
        [
            "SELECT 1",
            "SET LOCAL statement_timeout = 5",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SELECT pg_advisory_xact_lock(1)",
            "UPDATE people SET name = $1",
            "SELECT 'SET a = 1; SET b = 2'",
            "SELECT 1 -- ; SET a = 1",
            "SELECT 1 /* ; LISTEN a */",
            "DO $x$ BEGIN; SET a = 1; END $x$",
        ],
    )
    def test_what_ends_with_the_transaction_or_is_only_text(self, text: str) -> None:
        assert pins(text) is None

    def test_a_name_makes_any_statement_one_that_is_prepared(self) -> None:
        assert pins("SELECT 1", name="find") == "a prepared statement"
