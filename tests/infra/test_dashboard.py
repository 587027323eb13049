"""The dashboard: every widget asks for what there is, and CloudWatch takes it."""

import json
from collections.abc import Callable

import pytest

from tests.infra.metrics_used import DASHBOARD, of_dashboard, widgets
from tests.infra.templates import Templates

WIDTH = 24
MOST_WIDGETS, MOST_OF_ONE, MOST_OF_ALL = 500, 500, 2_500
"""Of a dashboard, and metrics of a widget and of all (User Guide, "CloudWatch service quotas")."""
LONGEST_BODY = 1024 * 1024


@pytest.fixture(params=["dev", "prod", "varied"])
def app(request: pytest.FixtureRequest, stages: Callable[[str], Templates]) -> Templates:
    return stages(request.param)


class TestDashboard:
    def test_every_metric_exists(self, app: Templates) -> None:
        found = list(of_dashboard(app))
        assert len(found) > 150
        assert [each for each in found if not each.exists(app.stage)] == []

    def test_cloudwatch_takes_it(self, app: Templates) -> None:
        found = widgets(app)
        counts = [len(widget["properties"].get("metrics", ())) for widget in found]
        assert len(found) <= MOST_WIDGETS
        assert max(counts) <= MOST_OF_ONE
        assert sum(counts) <= MOST_OF_ALL
        assert len(json.dumps(app.one(DASHBOARD))) <= LONGEST_BODY

    def test_widgets_lie_on_the_page_and_not_on_each_other(self, app: Templates) -> None:
        taken: set[tuple[int, int]] = set()
        for widget in widgets(app):
            x, y = widget["x"], widget["y"]
            cells = {(x + i, y + j) for i in range(widget["width"]) for j in range(widget["height"])}
            assert x + widget["width"] <= WIDTH
            assert not cells & taken
            taken |= cells

    def test_ids_are_those_of_one_metric_each(self, app: Templates) -> None:
        for widget in widgets(app):
            rows = widget["properties"].get("metrics", ())
            ids = [row[-1]["id"] for row in rows if isinstance(row[-1], dict) and "id" in row[-1]]
            assert len(ids) == len(set(ids)), widget["properties"]["title"]

    def test_answers_its_question(self, app: Templates) -> None:
        """Service levels and budgets first, then each leg of a message, lag, connections, engines."""
        titles = [widget["properties"].get("title", "") for widget in widgets(app)]
        order = [
            *("Rings", "Kept, in % of 30 days", "Error budget left, in %", "To the log (acknowledged), ms"),
            *("Log to place (stored), ms", "Place to post, ms", "Frame to screen, ms", "Records that wait"),
            *(
                "Connections that come and go",
                "Answers that are our fault",
                "Kafka: disks, %",
                "Keyspaces: latency, ms",
            ),
            *("Valkey: latency, µs", "PostgreSQL: %"),
        ]
        assert [title for title in titles if title in order] == order
