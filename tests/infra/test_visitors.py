"""Two people of the deployment's own come from outside: with what, how often, and who is told if they do not."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.config import DEV, LOCAL, PROD, SECURED, Oidc
from infra.operations.levels import LEVELS, Availability
from natter.metrics import LEGS
from tests.infra.metrics_used import ALARM
from tests.infra.templates import Templates


def rule(app: Templates) -> dict[str, Any]:
    return app.one("AWS::Events::Rule", Name=f"natter-{app.stage}-visit")


class TestFunction:
    def test_comes_from_outside_our_network(self, app: Templates) -> None:
        assert "VpcConfig" not in app.functions()["visit"]

    def test_reads_its_secret_and_what_arrived_and_nothing_else(self, app: Templates) -> None:
        allowed = app.actions("visit")
        logs_and_traces = {action for action in allowed if action.startswith(("logs:", "xray:"))}
        assert set(allowed) - logs_and_traces == {
            *("secretsmanager:GetSecretValue", "kms:Decrypt"),
            *("sqs:ReceiveMessage", "sqs:DeleteMessage"),
        }
        assert all("Visitors" in resource for resource in allowed["secretsmanager:GetSecretValue"])
        assert all("Sink" in resource for resource in allowed["sqs:ReceiveMessage"])
        (decrypt,) = [each for each in app.statements("visit") if each["Action"] == "kms:Decrypt"]
        assert "Visitors" in json.dumps(decrypt["Condition"])

    def test_goes_where_users_go(self, app: Templates) -> None:
        (output,) = [each["Value"] for name, each in app.stack("services")["Outputs"].items() if name == "HttpUrl"]
        assert app.functions()["visit"]["Environment"]["Variables"]["NATTER_VISITORS__URL"] == output

    def test_a_failure_is_a_failure(self, app: Templates) -> None:
        """Neither the rule nor Lambda tries it again; and the next one is due when it has ended."""
        (target,) = rule(app)["Targets"]
        assert target["RetryPolicy"]["MaximumRetryAttempts"] == 0
        (again,) = [
            each for each in app.properties("AWS::Lambda::EventInvokeConfig") if "Visit" in str(each["FunctionName"])
        ]
        assert (again["MaximumRetryAttempts"], again["MaximumEventAgeInSeconds"]) == (0, 60)
        assert app.functions()["visit"]["Timeout"] < 60

    def test_one_at_a_time(self, prod: Templates) -> None:
        assert prod.functions()["visit"]["ReservedConcurrentExecutions"] == 1


class TestSchedule:
    def test_is_every_minute(self, app: Templates) -> None:
        assert (rule(app)["ScheduleExpression"], rule(app)["State"]) == ("rate(1 minute)", "ENABLED")

    def test_is_off_where_nobody_can_be_made_up(self, varied: Templates) -> None:
        """An identity provider knows them not. Silence is no breach there."""
        assert rule(varied)["State"] == "DISABLED"
        names = [alarm["AlarmName"] for alarm in varied.properties(ALARM)]
        assert [name for name in names if "visit" in name and not name.endswith(("-errors", "-throttles"))] == []

    def test_is_off_where_everything_is_counted(self) -> None:
        assert (LOCAL.visited, SECURED.visited, DEV.visited, PROD.visited) == (False, False, True, True)
        assert not replace(DEV, oidc=Oidc(issuer="https://login.example", audience="natter")).visited


class TestSink:
    def test_is_among_the_push_services(self, app: Templates) -> None:
        hosts = json.dumps(app.functions()["wake"]["Environment"]["Variables"]["NATTER_WEB_PUSH__HOSTS"])
        (api,) = [
            name
            for name, each in app.stack("services")["Resources"].items()
            if each["Type"] == "AWS::ApiGatewayV2::Api" and each["Properties"]["Name"].endswith("-sink")
        ]
        assert f'{{"Ref": "{api}"}}, ".execute-api.' in hosts

    def test_the_gateway_hands_the_path_over_to_the_queue(self, app: Templates) -> None:
        integration = app.one("AWS::ApiGatewayV2::Integration", IntegrationSubtype="SQS-SendMessage")
        assert integration["RequestParameters"]["MessageBody"] == "$request.path.name"
        assert integration["PayloadFormatVersion"] == "1.0"
        assert integration["CredentialsArn"]
        app.one("AWS::ApiGatewayV2::Route", RouteKey="POST /{name}")

    def test_who_floods_it_is_throttled_and_nothing_is_kept(self, app: Templates) -> None:
        (stage,) = [
            each
            for each in app.properties("AWS::ApiGatewayV2::Stage")
            if each.get("DefaultRouteSettings", {}).get("ThrottlingRateLimit") == 2
        ]
        assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == 10
        queue = app.one("AWS::SQS::Queue", QueueName=f"natter-{app.stage}-sink")
        assert (queue["MessageRetentionPeriod"], queue["SqsManagedSseEnabled"]) == (60, True)


class TestAlarm:
    @pytest.fixture
    def alarm(self, app: Templates) -> dict[str, Any]:
        return app.one(ALARM, AlarmName=f"natter-{app.stage}-visits-failing")

    def test_rings_when_visits_fail_and_when_there_are_none(self, alarm: dict[str, Any]) -> None:
        assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == ("VisitsFailed", "Maximum", 0)
        assert (alarm["EvaluationPeriods"], alarm["Period"], alarm["TreatMissingData"]) == (3, 60, "breaching")
        assert "docs/runbooks/visitors.md" in alarm["AlarmDescription"]


class TestLevels:
    def test_are_of_legs_that_there_are(self) -> None:
        for level in LEVELS:
            if isinstance(level, Availability):
                assert set(level.visits) <= set(LEGS), level.name

    @pytest.mark.parametrize(("level", "legs"), [("connect", ["sign-in", "connect"]), ("send", ["send"])])
    def test_count_what_fails_from_outside(
        self, stages: Callable[[str], Templates], level: str, legs: list[str]
    ) -> None:
        """As bad, and as an attempt."""
        alarm = stages("prod").one(ALARM, AlarmName=f"natter-prod-{level}-fast-1h")
        found = {
            dimension["Value"]: each["Id"]
            for each in alarm["Metrics"]
            if each.get("MetricStat", {}).get("Metric", {}).get("MetricName") == "VisitFailures"
            for dimension in each["MetricStat"]["Metric"]["Dimensions"]
            if dimension["Name"] == "Leg"
        }
        assert sorted(found) == sorted(legs)
        (expression,) = [each["Expression"] for each in alarm["Metrics"] if "Expression" in each]
        assert f'METRICS("{level}_bad_asked")' in expression
        assert all(id_.startswith(f"{level}_bad_asked") for id_ in found.values())
