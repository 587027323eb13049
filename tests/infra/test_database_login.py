"""Who signs in to the database as whom: functions as a role that changes no table, the owner only to migrate."""

import json
from typing import Any

import pytest

from natter import names
from tests.infra.templates import Templates

OWNERS = {"migrate", "rotate_login"}


def secrets(app: Templates) -> dict[str, str]:
    """The logical id of each login's secret, by user name."""
    found = {}
    for logical_id, resource in app.stack("data")["Resources"].items():
        template = resource["Properties"].get("GenerateSecretString", {}).get("SecretStringTemplate", "{}")
        if resource["Type"] == "AWS::SecretsManager::Secret" and (user := json.loads(template).get("username")):
            found[user] = logical_id
    return found


def naming(logical_id: str, among: dict[str, Any]) -> set[str]:
    """Those of `among` in which the secret stands."""
    return {name for name, value in among.items() if logical_id in json.dumps(value)}


def test_there_are_two_logins_and_the_proxy_knows_both(app: Templates) -> None:
    found = secrets(app)
    assert set(found) == {"natter", names.DATABASE_ROLE}
    (proxy,) = app.properties("AWS::RDS::DBProxy")
    assert {login["SecretArn"]["Ref"] for login in proxy["Auth"]} >= {found[names.DATABASE_ROLE]}
    assert len(proxy["Auth"]) == 2
    assert found["natter"] in json.dumps(app.one("AWS::RDS::DBCluster")["MasterUserPassword"])


def test_the_owners_is_told_to_and_read_by_those_alone_who_migrate_and_rotate(app: Templates) -> None:
    owner = secrets(app)["natter"]
    told = naming(owner, {name: each["Environment"] for name, each in app.functions().items()})
    read = naming(owner, {name: app.statements(name) for name in app.functions()})
    assert told == read == OWNERS


def test_every_other_function_signs_in_as_the_role(app: Templates) -> None:
    role = secrets(app)[names.DATABASE_ROLE]
    told = naming(role, {name: each["Environment"] for name, each in app.functions().items()})
    read = {
        name for name in app.functions() if role in json.dumps(app.actions(name).get("secretsmanager:GetSecretValue"))
    }
    assert told == read
    assert told >= {"send", "connect", "users_api", "chat_api"} | OWNERS


def test_only_one_function_changes_the_login(app: Templates) -> None:
    changing = {
        name
        for name in app.functions()
        if {"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"} & app.actions(name).keys()
    }
    assert changing == {"rotate_login"}


def test_production_changes_it_every_month_but_not_before_there_is_a_role(prod: Templates) -> None:
    services = prod.stack("services")["Resources"]
    (schedule,) = [each for each in services.values() if each["Type"] == "AWS::SecretsManager::RotationSchedule"]
    assert schedule["Properties"]["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert schedule["Properties"]["RotateImmediatelyOnUpdate"] is False
    (migration,) = [name for name in services if name.startswith("Migration") and "Trigger" in services[name]["Type"]]
    assert migration in schedule["DependsOn"]
    (permission,) = [
        each["Properties"]
        for each in services.values()
        if each["Type"] == "AWS::Lambda::Permission" and "secretsmanager" in json.dumps(each["Properties"]["Principal"])
    ]
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_nothing_that_a_deployment_runs_signs_in_before_there_is_a_role(app: Templates) -> None:
    """In their order of the template, too, in which the local cloud runs them."""
    triggers = {
        logical_id: each
        for logical_id, each in app.stack("services")["Resources"].items()
        if each["Type"] == "Custom::Trigger"
    }
    (migration, *others) = triggers
    assert migration.startswith("Migration")
    assert len(others) == 1
    assert all(migration in triggers[other]["DependsOn"] for other in others)


@pytest.mark.parametrize("name", ["send", "users_api", "migrate"])
def test_the_proxy_has_to_show_a_certificate_for_its_name(app: Templates, name: str) -> None:
    assert app.functions()[name]["Environment"]["Variables"]["NATTER_POSTGRES__TLS"] == "verify-full"
