import json
from collections.abc import Callable
from typing import Any

from local.assembly import Resolver
from local.assembly.dashboards import dashboards
from local.model import Dashboard, Widget

type Make = Callable[..., Resolver]


def made(resolver: Make, *widgets: dict[str, Any]) -> tuple[Dashboard, tuple[tuple[str, str], ...]]:
    body = json.dumps({"widgets": list(widgets)}).partition("REGION")
    joined = {"Fn::Join": ["", [body[0], *([{"Ref": "AWS::Region"}, body[2]] if body[1] else [])]]}
    resource = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": "shop", "DashboardBody": joined},
    }
    (found,), missing = dashboards(resolver(main={"Resources": {"Page": resource}}))
    return found, missing


def metric(*rows: list[Any], **properties: Any) -> dict[str, Any]:
    place = {"x": 6, "y": 2, "width": 12, "height": 6}
    return {"type": "metric", **place, "properties": {"metrics": list(rows), "region": "REGION", **properties}}


class TestDashboards:
    def test_lines_have_their_metrics_and_labels(self, resolver: Make) -> None:
        rows = (
            ["Shop", "Calls", "Stage", "live", {"stat": "Sum", "period": 60, "label": "all"}],
            [".", "Errors", ".", "."],
            ["...", "test", {"id": "m1", "visible": False}],
            [{"expression": "m1 * 2", "id": "twice"}],
        )
        found, missing = made(resolver, metric(*rows, title="Calls", stat="p90", period=300))
        assert missing == ()
        (widget,) = found.widgets
        assert (found.name, widget.title, widget.place) == ("shop", "Calls", (6, 2, 12, 6))
        stats = [(each.name, each.dimensions, each.period_s, each.statistic) for each in widget.metrics.values()]
        assert stats == [
            ("Calls", (("Stage", "live"),), 60, "Sum"),
            ("Errors", (("Stage", "live"),), 300, "p90"),
            ("Errors", (("Stage", "test"),), 300, "p90"),
        ]
        assert widget.lines == (("line0", "all"), ("line1", "Errors"), ("twice", "m1 * 2"))

    def test_numbers_marks_texts_and_alarms(self, resolver: Make) -> None:
        marks = {"horizontal": [{"value": 14.4, "label": "page"}]}
        found, _ = made(
            resolver,
            metric(["Shop", "Calls"], view="singleValue", annotations=marks),
            {"type": "text", "properties": {"markdown": "# Shop"}},
            {"type": "alarm", "properties": {"title": "Rings", "alarms": ["arn:aws:cloudwatch:x:1:alarm:slow"]}},
        )
        number, text, rings = found.widgets
        assert (number.single, number.marks) == (True, ((14.4, "page"),))
        assert text == Widget(kind="text", place=(0, 0, 6, 6), text="# Shop")
        assert (rings.title, rings.alarms) == ("Rings", ("slow",))

    def test_what_is_not_drawn_is_listed(self, resolver: Make) -> None:
        found, missing = made(
            resolver,
            {"type": "log", "properties": {"query": "fields @message"}},
            metric(["Shop", "Calls", {"stat": "tm99"}]),
            metric([{"expression": "SEARCH('{Shop}', 'Sum')", "id": "e"}]),
        )
        assert len(found.widgets) == 2
        kinds = [path.removeprefix("AWS::CloudWatch::Dashboard.DashboardBody.") for _, path in missing]
        assert kinds == ["log", "tm99", "SEARCH('{Shop}', 'Sum')"]
