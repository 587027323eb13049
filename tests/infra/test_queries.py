"""Saved queries look for what the functions log: each pattern is that of a line which the code can write."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.blocks.queries import QUERIES, Query
from natter.metrics import FUNCTIONS, METRICS
from tests.infra.templates import ROOT, Templates

LEVELS = {"debug", "info", "warning", "error", "critical"}
RUNBOOKS = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")}
ABOUT = {"answers", "consumers", "functions", "traces"}
"""What has no runbook of its own."""


def logged(source: Path) -> Iterator[str]:
    """The texts that a module may log."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant):
                yield str(first.value)


LINES = [line for folder in ("shared", "functions") for each in (ROOT / folder).rglob("*.py") for line in logged(each)]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"{query.runbook}/{query.name}")
class TestQuery:
    def test_looks_for_what_is_logged(self, query: Query) -> None:
        for pattern in re.findall(r"message like /(.+)/", " ".join(query.filters)):
            for alternative in pattern.split("|"):
                assert any(re.search(alternative, line) for line in LINES), f"nobody logs {alternative}"

    def test_names_metrics_that_there_are(self, query: Query) -> None:
        named = set(re.findall(r"(?:sum|pct|ispresent)\((\w+)", " ".join((*query.stats, *query.filters))))
        assert named <= {each.name for each in METRICS}

    def test_is_of_a_runbook_and_of_functions_that_there_are(self, query: Query) -> None:
        assert query.runbook in RUNBOOKS | ABOUT
        assert set(query.of) <= set(FUNCTIONS)


def test_each_is_saved_with_the_logs_that_it_reads(app: Templates) -> None:
    saved = {each["Name"]: each for each in app.properties("AWS::Logs::QueryDefinition")}
    assert saved.keys() == {f"natter-{app.stage}/{each.runbook}/{each.name}" for each in QUERIES}
    for query in QUERIES:
        found = saved[f"natter-{app.stage}/{query.runbook}/{query.name}"]
        assert len(found["LogGroupNames"]) == len(query.of or FUNCTIONS)
        assert all(each in found["QueryString"] for each in (*query.filters, *query.stats, query.sort))
