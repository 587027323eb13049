"""
Behind RDS Proxy: a session that begins with options is refused, and one that sets something keeps a connection of the
database to itself ("Avoiding pinning an RDS Proxy", Aurora user guide). Functions there are by the hundred.
"""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from natter.adapters import postgres
from tests.libpq import told

FOLDER = Path(postgres.__file__).parent
STATEMENT = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|SET|RESET|CREATE|PREPARE|DECLARE|LISTEN|LOCK)\b")
PINS = re.compile(
    r"^\s*(SET|RESET|DISCARD|PREPARE|EXECUTE|DEALLOCATE|DECLARE|LISTEN|LOAD)\b"
    r"|\bset_config\(|\b(next|set|curr)val\(|\bpg_(try_)?advisory_(?!xact)\w*|\bTEMP(ORARY)?\b"
)
LONGEST_BYTES = 16 * 1024
"""Of a statement's text: a longer one pins, whatever it says."""
SETS_FOR_A_MIGRATION = "SELECT set_config(%s, %s, false)"


def statements() -> list[str]:
    """All texts of SQL in the adapters; those in pieces, piece by piece."""
    texts = [
        node.value
        for file in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return [text for text in texts if STATEMENT.search(text)]


class TestStatements:
    def test_none_of_a_function_pins_its_session(self) -> None:
        found = statements()
        assert len(found) > 100
        assert [text for text in found if PINS.search(text)] == [SETS_FOR_A_MIGRATION]

    def test_none_is_so_long_that_it_pins(self) -> None:
        assert max(len(text.encode()) for text in statements()) < LONGEST_BYTES


class TestConnect:
    @pytest.fixture
    def opened(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        return told(monkeypatch, endpoint="127.0.0.1:1", tls="off")

    def test_begins_with_no_options_and_sets_nothing(self, opened: dict[str, Any]) -> None:
        assert "options" not in opened
        assert opened["host"] == "127.0.0.1"

    def test_prepares_no_statement_by_name(self, opened: dict[str, Any]) -> None:
        assert opened["prepare_threshold"] is None
