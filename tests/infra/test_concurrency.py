"""Whom a storm elsewhere cannot starve, who is ready before somebody comes, and how a bad version is taken back."""

import json
from typing import Any

import pytest

from infra.config import PROD, SIZING
from tests.infra.templates import Templates

ACCOUNT = 1_000
"""Concurrent executions of an account by default, of which Lambda keeps 100 that nobody may reserve."""
KEPT = 100
GUARANTEED = {"authorize", "connect", "persist", "send"}
"""Without them nobody signs in, connects or says anything."""


def aliases(app: Templates) -> dict[str, dict[str, Any]]:
    """By function, whole."""
    resources = app.stack("services")["Resources"]
    prefix = f"natter-{app.stage}-"
    return {
        resources[each["Properties"]["FunctionName"]["Ref"]]["Properties"]["FunctionName"].removeprefix(prefix): each
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Alias"
    }


def reserved(app: Templates) -> dict[str, int]:
    found = {name: each.get("ReservedConcurrentExecutions") for name, each in app.functions().items()}
    return {name: count for name, count in found.items() if count is not None}


class TestReserved:
    def test_dev_fits_an_account_that_has_ten(self, app: Templates) -> None:
        """New ones have: any reservation is refused there."""
        assert bool(reserved(app)) == (app.stage == "prod")

    def test_production_guarantees_what_others_could_starve(self, prod: Templates) -> None:
        assert reserved(prod).keys() == GUARANTEED | {"relay", "erase", "reconcile", "visit"}

    def test_production_fits_an_account_that_nobody_has_raised(self, prod: Templates) -> None:
        assert sum(reserved(prod).values()) <= ACCOUNT - KEPT - 400  # something is left for the others

    def test_persist_has_one_for_each_partition(self, prod: Templates) -> None:
        assert reserved(prod)["persist"] == PROD.partitions


class TestProvisioned:
    def test_who_is_waited_for_is_ready(self, prod: Templates) -> None:
        """And reserves at least as many: Lambda refuses otherwise."""
        ready = {
            name: alias["Properties"]["ProvisionedConcurrencyConfig"]["ProvisionedConcurrentExecutions"]
            for name, alias in aliases(prod).items()
            if "ProvisionedConcurrencyConfig" in alias["Properties"]
        }
        assert ready.keys() == GUARANTEED
        assert all(count <= reserved(prod)[name] for name, count in ready.items())

    def test_by_default_nobody_pays_for_it(self) -> None:
        assert {each.provisioned for each in SIZING.values()} == {0}


class TestCanaries:
    def test_callers_call_the_alias_where_there_is_one(self, prod: Templates) -> None:
        """A call of the function itself would get the new version at once, and whole."""
        resources = prod.stack("services")["Resources"]
        called = json.dumps(
            [
                each["Properties"]
                for each in resources.values()
                if each["Type"]
                in {
                    "AWS::ApiGatewayV2::Integration",
                    "AWS::ApiGatewayV2::Authorizer",
                    "AWS::Lambda::EventSourceMapping",
                }
            ]
        )
        for alias in aliases(prod).values():
            function = alias["Properties"]["FunctionName"]["Ref"]
            assert f'"Fn::GetAtt": ["{function}", "Arn"]' not in called
            assert f'{{"Ref": "{function}"}}' not in called

    def test_a_version_that_fails_is_taken_back(self, prod: Templates) -> None:
        """A tenth of the calls for five minutes, watched by an alarm of the alias."""
        resources = prod.stack("services")["Resources"]
        found = aliases(prod)
        assert len(found) == 7
        for alias in found.values():
            update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
            group = resources[update["DeploymentGroupName"]["Ref"]]["Properties"]
            assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
            assert set(group["AutoRollbackConfiguration"]["Events"]) == {
                *("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST")
            }
            (watching,) = group["AlarmConfiguration"]["Alarms"]
            alarm = resources[watching["Name"]["Ref"]]["Properties"]
            assert alarm["MetricName"] == "Errors"
            (resource,) = [each["Value"] for each in alarm["Dimensions"] if each["Name"] == "Resource"]
            assert ":live" in json.dumps(resource)

    @pytest.mark.parametrize("type_", ["AWS::Lambda::Alias", "AWS::CodeDeploy::DeploymentGroup"])
    def test_dev_changes_at_once(self, app: Templates, type_: str) -> None:
        assert bool(app.properties(type_)) == (app.stage == "prod")
