"""What CloudWatch would refuse, or take and never ring for; and what an alarm tells somebody who is woken."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from infra.operations.levels import BURNS, LEVELS
from local.metrics.metric_math import Formula
from local.metrics.rule import Rule
from natter.metrics import STREAMS
from tests.infra.metrics_used import ALARM, COMPOSITE, expressions, of_alarms
from tests.infra.stages import STAGES as DECLARED
from tests.infra.templates import ROOT, Templates

HOUR_S, DAY_S, WEEK_S = 3600, 86_400, 604_800
LATE_S = 120
"""After which the services' figures and ours are there, but for what is out of order."""
LONGEST_DESCRIPTION = 1024
MOST_METRICS = 10
THREE = re.compile(
    r"(?P<why>.+)\. Users: (?P<felt>.+)\. Runbook: (?P<runbook>docs/runbooks/[a-z-]+\.md)(#(?P<part>[a-z0-9-]+))?$"
)
ANCHOR = re.compile(r"[^a-z0-9 -]")
STAGES = ("dev", "prod", "varied")


@pytest.fixture(params=STAGES)
def app(request: pytest.FixtureRequest, stages: Callable[[str], Templates]) -> Templates:
    return stages(request.param)


def alarms(app: Templates) -> dict[str, dict[str, Any]]:
    """By name without the stage; all, also those of other stacks."""
    found = app.properties(ALARM) + app.properties(COMPOSITE)
    return {each["AlarmName"].removeprefix(f"natter-{app.stage}-"): each for each in found}


def operators(app: Templates) -> dict[str, dict[str, Any]]:
    """Those of the operations stack, by logical id: the others only have a new version of a function taken back."""
    resources = app.stack("operations")["Resources"].items()
    return {id_: each["Properties"] for id_, each in resources if each["Type"] in {ALARM, COMPOSITE}}


def periods(alarm: dict[str, Any]) -> set[int]:
    items = alarm.get("Metrics", ())
    return {item["MetricStat"]["Period"] for item in items if "MetricStat" in item} or {alarm["Period"]}


def children(alarm: dict[str, Any]) -> set[str]:
    """Logical ids of those that a composite alarm rests on."""
    return {part["Fn::GetAtt"][0] for part in alarm["AlarmRule"]["Fn::Join"][1] if isinstance(part, dict)}


def value(alarm: dict[str, Any], series: dict[str, float | None]) -> float:
    """What it watches, given a point of some of its metrics, and none of the others; 0 of nothing."""
    found = {item["Id"]: item["MetricStat"]["Period"] for item in alarm["Metrics"] if "MetricStat" in item}
    expressions = {item["Id"]: item["Expression"] for item in alarm["Metrics"] if "Expression" in item}
    (watched,) = (item["Id"] for item in alarm["Metrics"] if item.get("ReturnData", True))
    assert series.keys() <= found.keys()
    (point,) = Formula(watched, expressions, found)({id_: (series.get(id_),) for id_ in found})
    return point or 0


class TestWhatCloudWatchTakes:
    """API Reference, PutMetricAlarm and PutCompositeAlarm; User Guide, "Limits" of alarms."""

    def test_looks_back_no_further_than_it_may(self, app: Templates) -> None:
        """A day, or a week with periods of an hour and more."""
        for name, alarm in alarms(app).items():
            if "EvaluationPeriods" in alarm:
                (period,) = periods(alarm)
                limit = DAY_S if period < HOUR_S else WEEK_S
                assert period * alarm["EvaluationPeriods"] <= limit, name
                assert period in {10, 20, 30} or period % 60 == 0, name
                assert period <= DAY_S, name

    def test_has_room_for_what_comes_late_where_it_fills(self, app: Templates) -> None:
        """FILL speaks for the newest minutes before their figures are there: no alarm may need each of them."""
        filled = {
            name: alarm
            for name, alarm in alarms(app).items()
            if any("FILL(" in item.get("Expression", "") for item in alarm.get("Metrics", ()))
        }
        assert {f"{reader}-lag" for reader in STREAMS} <= filled.keys()
        for name, alarm in filled.items():
            (period,) = periods(alarm)
            spared = alarm["EvaluationPeriods"] - alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"])
            assert spared * period >= LATE_S or period > LATE_S, name

    def test_has_no_more_metrics_than_it_may(self, app: Templates) -> None:
        for name, alarm in alarms(app).items():
            assert sum("MetricStat" in item for item in alarm.get("Metrics", ())) <= MOST_METRICS, name

    def test_watches_one_thing(self, app: Templates) -> None:
        for name, alarm in alarms(app).items():
            if "Metrics" in alarm:
                assert sum(item.get("ReturnData", True) for item in alarm["Metrics"]) == 1, name

    def test_expressions_are_one_series_each(self, app: Templates) -> None:
        """As the local cloud understands them, which rings for no others."""
        found = list(expressions(app))
        assert len(found) > 40
        for name, expression, known in found:
            assert Formula("it", {"it": expression}, known), name

    def test_statistics_are_those_that_alarms_may_have(self, app: Templates) -> None:
        usual = {"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
        for name, alarm in alarms(app).items():
            stated = {item["MetricStat"]["Stat"] for item in alarm.get("Metrics", ()) if "MetricStat" in item}
            stated |= {alarm[key] for key in ("Statistic", "ExtendedStatistic") if key in alarm}
            assert [each for each in stated - usual if not re.fullmatch(r"p\d+|PR\(:\d+\)", each)] == [], name

    def test_rules_of_composite_alarms(self, app: Templates) -> None:
        for alarm in app.properties(COMPOSITE):
            parts = alarm["AlarmRule"]["Fn::Join"][1]
            rule = "".join(
                part if isinstance(part, str) else f"arn:aws:…:alarm:{part['Fn::GetAtt'][0]}" for part in parts
            )
            assert Rule(rule).children == children(alarm)

    def test_names_are_unique(self, app: Templates) -> None:
        assert len(alarms(app)) == len(app.properties(ALARM)) + len(app.properties(COMPOSITE))


class TestMetrics:
    def test_exist(self, app: Templates) -> None:
        """Reported by AWS, or declared as our functions' own; with just these dimensions."""
        found = list(of_alarms(app))
        assert len(found) > 300
        assert [each for each in found if not each.exists(app.stage)] == []


class TestDescriptions:
    def test_have_the_three(self, app: Templates) -> None:
        """Why it rings, what users feel, and a runbook that there is, at a heading that there is."""
        for alarm in operators(app).values():
            found = THREE.match(alarm["AlarmDescription"])
            assert found, f"{alarm['AlarmName']}: {alarm['AlarmDescription']}"
            assert len(found[0]) <= LONGEST_DESCRIPTION
            runbook = ROOT / found["runbook"]
            assert runbook.exists(), f"{alarm['AlarmName']} leads to {found['runbook']}, which there is not"
            headings = {
                ANCHOR.sub("", line.lstrip("# ").lower()).replace(" ", "-")
                for line in runbook.read_text().splitlines()
                if line.startswith("#")
            }
            assert found["part"] is None or found["part"] in headings, found[0]


class TestWhoIsTold:
    def test_two_alarms_wake_people(self, app: Templates) -> None:
        told = {
            alarm["AlarmName"].removeprefix(f"natter-{app.stage}-")
            for alarm in operators(app).values()
            if "Pages" in str(alarm.get("AlarmActions", ""))
        }
        assert told == {"users-feel-it", "lost"}

    def test_every_other_makes_a_ticket_or_is_part_of_one_that_tells(self, app: Templates) -> None:
        """And it is told when it is over."""
        found = operators(app)
        parts: set[str] = set().union(*(children(each) for each in found.values() if "AlarmRule" in each))
        for logical_id, alarm in found.items():
            actions = alarm.get("AlarmActions", [])
            assert alarm.get("OKActions", []) == actions
            assert (logical_id in parts) == (actions == []), alarm["AlarmName"]

    def test_one_cause_wakes_once(self, app: Templates) -> None:
        """Whatever burns fast, of whichever level, is in one alarm."""
        names = {logical_id: each["AlarmName"] for logical_id, each in operators(app).items()}
        top = next(each for each in operators(app).values() if each["AlarmName"].endswith("-users-feel-it"))
        fast = {
            f"natter-{app.stage}-{level.name}-{burn.name}"
            for level in LEVELS
            for burn in BURNS
            if burn.urgency == "page"
        }
        assert fast <= {names[child] for child in children(top)}

    def test_topics_are_encrypted(self, app: Templates) -> None:
        topics = app.properties("AWS::SNS::Topic")
        names = {topic["TopicName"].removeprefix(f"natter-{app.stage}-") for topic in topics}
        assert names - {"firewall-tickets"} == {"pages", "tickets"}
        assert all(topic["KmsMasterKeyId"] for topic in topics)


class TestSilence:
    def test_is_bad_where_something_is_always_to_be_heard(self, app: Templates) -> None:
        silent = {name for name, alarm in alarms(app).items() if alarm.get("TreatMissingData") == "breaching"}
        visited = DECLARED[app.stage].visited
        standing = {f"{name}-standing-still" for name in ("relay", "erase", "rebuild", "reconcile")}
        visits = {"visits-failing", "visit-standing-still"} if visited else set()
        assert silent - {"edge-certificate"} == {"ledger-silent", *standing, *visits}
        assert ("edge-certificate" in silent) == (app.stage != "dev")

    @pytest.mark.parametrize(
        ("behind", "written", "rings"),
        [
            (None, 0, False),  # a new epoch that nobody has used yet
            (None, 100, True),  # the group is gone
            (0, 100, False),
            (1_001, 0, True),
            (1_000, 100, False),
        ],
    )
    def test_of_a_reader_is_bad_where_others_write(
        self, app: Templates, behind: float | None, written: float, *, rings: bool
    ) -> None:
        for reader in STREAMS:
            alarm = alarms(app)[f"{reader}-lag"]
            first = {"behind": behind, "written_1": written}
            assert (value(alarm, first) > alarm["Threshold"]) == rings
            assert alarm["TreatMissingData"] == "notBreaching"


class TestStandstill:
    @pytest.mark.parametrize(
        ("behind", "given", "estimated", "rings"),
        [
            (None, None, None, False),
            (3, None, None, True),  # nothing is handed over, and little waits
            (3, 10, None, False),
            (0, None, None, False),
            (0, 7_201, None, True),
            (3, 10, 7_201, True),
        ],
    )
    def test_is_what_waits_and_what_nobody_hands_over(
        self, app: Templates, behind: float | None, given: float | None, estimated: float | None, *, rings: bool
    ) -> None:
        for reader in STREAMS:
            alarm = alarms(app)[f"{reader}-standstill"]
            series = {"behind": behind, "given": given, "estimated": estimated}
            assert (value(alarm, series) > alarm["Threshold"]) == rings


class TestCredits:
    @pytest.mark.parametrize(
        ("left", "used", "rings"), [(0, 1, False), (0, 15, True), (500, 40, False), (None, 15, False)]
    )
    def test_that_are_spent_ring_where_more_is_used_than_earned(
        self, stages: Callable[[str], Templates], left: float | None, used: float, *, rings: bool
    ) -> None:
        """A new broker has none, and needs none as long as nobody needs it."""
        alarm = alarms(stages("dev"))["kafka-credits-1"]
        series = {"left": left, "user": used, "system": used}
        assert (value(alarm, series) > alarm["Threshold"]) == rings
        assert periods(alarm) == {300}  # EC2 tells credits no more often

    def test_are_of_brokers_that_have_them(self, stages: Callable[[str], Templates]) -> None:
        assert not [name for name in alarms(stages("prod")) if name.startswith("kafka-credits")]
