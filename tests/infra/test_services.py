import json
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from infra.config import STAGES
from natter import names, settings
from tests.infra.templates import Templates

MODELS: dict[str, type[settings.FunctionSettings]] = {
    "authorize": settings.AuthorizeSettings,
    "chat_api": settings.ChatApiSettings,
    "connect": settings.ConnectSettings,
    "disconnect": settings.DisconnectSettings,
    "migrate": settings.MigrateSettings,
    "persist": settings.PersistSettings,
    "send": settings.SendSettings,
    "signal": settings.SignalSettings,
    "users_api": settings.UsersApiSettings,
}
LAYER_LIMIT = 5


def required(model: type[BaseModel], prefix: str = "NATTER_") -> Iterator[str]:
    """The variables without which the model refuses to be made."""
    for name, field in model.model_fields.items():
        variable = prefix + name.upper()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from required(field.annotation, variable + "__")
        elif field.is_required():
            yield variable


class TestFunctions:
    def test_are_those_of_the_application(self, app: Templates) -> None:
        assert set(app.functions()) == set(MODELS)

    @pytest.mark.parametrize("name", MODELS)
    def test_get_what_their_settings_require(self, app: Templates, name: str) -> None:
        variables = app.functions()[name]["Environment"]["Variables"]
        assert set(required(MODELS[name])) <= set(variables)

    def test_run_on_the_platform_that_the_layers_are_built_for(self, app: Templates) -> None:
        for function in app.functions().values():
            assert function["Runtime"] == "python3.13"
            assert function["Architectures"] == ["arm64"]
            assert function["Handler"] == "handler.lambda_handler"
            assert len(function["Layers"]) <= LAYER_LIMIT

    def test_stand_in_the_private_subnets(self, app: Templates) -> None:
        assert all(len(function["VpcConfig"]["SubnetIds"]) == 3 for function in app.functions().values())

    def test_use_iam_and_tls_towards_the_stores(self, app: Templates) -> None:
        for function in app.functions().values():
            variables = function["Environment"]["Variables"]
            assert variables.get("NATTER_KAFKA__AUTH", "iam") == "iam"
            assert variables.get("NATTER_VALKEY__AUTH", "iam") == "iam"
            assert variables.get("NATTER_KEYSPACES__AUTH", "sigv4") == "sigv4"
            assert variables.get("NATTER_POSTGRES__TLS", "require") == "require"

    def test_prod_limits_attempts_by_address(self, prod: Templates) -> None:
        assert prod.functions()["users_api"]["Environment"]["Variables"]["NATTER_LIMITS__PER_ADDRESS"] == "true"

    def test_every_log_ends_some_day(self, app: Templates) -> None:
        groups = app.properties("AWS::Logs::LogGroup")
        assert all(group["RetentionInDays"] <= 90 for group in groups)
        named = {group.get("LogGroupName") for group in groups}
        assert {f"/natter/{app.stage}/{name}" for name in MODELS} <= named


class TestPrivileges:
    def test_only_users_api_signs_tokens(self, app: Templates) -> None:
        assert [name for name in MODELS if "kms:Sign" in app.actions(name)] == ["users_api"]

    def test_only_those_that_verify_tokens_read_the_public_key(self, app: Templates) -> None:
        readers = {name for name in MODELS if "kms:GetPublicKey" in app.actions(name)}
        assert readers == {"authorize", "chat_api", "users_api"}

    @pytest.mark.parametrize("name", MODELS)
    def test_only_those_with_a_database_read_its_login(self, app: Templates, name: str) -> None:
        has_database = "NATTER_POSTGRES__SECRET_ARN" in app.functions()[name]["Environment"]["Variables"]
        assert ("secretsmanager:GetSecretValue" in app.actions(name)) == has_database

    @pytest.mark.parametrize(
        ("name", "topics"),
        [
            ("connect", {names.CONNECTIONS_TOPIC}),
            ("disconnect", {names.CONNECTIONS_TOPIC}),
            ("send", {names.COMMANDS_TOPIC}),
            ("chat_api", {names.COMMANDS_TOPIC}),
            ("persist", {names.EVENTS_TOPIC, names.DEAD_TOPIC}),
            ("users_api", set()),
        ],
    )
    def test_append_only_to_their_topics(self, app: Templates, name: str, topics: set[str]) -> None:
        resources = app.actions(name).get("kafka-cluster:WriteData", [])
        assert {topic for topic in names.TOPICS if any(f"/{topic}" in item for item in resources)} == topics
        assert len(resources) == len(topics)

    def test_only_persist_reads_the_log_and_writes_the_tables(self, app: Templates) -> None:
        assert [name for name in MODELS if "kafka-cluster:ReadData" in app.actions(name)] == ["persist"]
        assert [name for name in MODELS if "cassandra:Modify" in app.actions(name)] == ["persist"]

    @pytest.mark.parametrize("name", MODELS)
    def test_nothing_is_allowed_on_everything(self, app: Templates, name: str) -> None:
        wide = {action for action, resources in app.actions(name).items() if '"*"' in resources}
        assert {action for action in wide if not action.startswith(("ec2:", "kafka:", "xray:"))} == set()


class TestPersistSource:
    def test_loses_nothing_and_waits_for_nothing(self, app: Templates) -> None:
        source = app.one("AWS::Lambda::EventSourceMapping")
        pollers = -(-STAGES[app.stage].partitions // 5)
        assert source["Topics"] == [names.COMMANDS_TOPIC]
        assert source["StartingPosition"] == "TRIM_HORIZON"
        assert source["MaximumBatchingWindowInSeconds"] == 0
        assert source["BatchSize"] == 100
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["ProvisionedPollerConfig"] == {"MinimumPollers": pollers, "MaximumPollers": pollers}
        assert source["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]
        assert source.get("MaximumRetryAttempts", -1) == -1

    def test_may_use_exactly_its_group(self, app: Templates) -> None:
        group = app.one("AWS::Lambda::EventSourceMapping")["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]
        (resource,) = app.actions("persist")["kafka-cluster:AlterGroup"]
        assert f"/{group}" in resource


class TestApis:
    def test_connect_is_authorized_without_demanding_a_header(self, app: Templates) -> None:
        """Browsers cannot set one; an identity source that is missing would be refused unasked."""
        assert app.one("AWS::ApiGatewayV2::Route", RouteKey="$connect")["AuthorizationType"] == "CUSTOM"
        assert app.one("AWS::ApiGatewayV2::Authorizer").get("IdentitySource", []) == []

    @pytest.mark.parametrize("key", ["send", "ping"])
    def test_answers_reach_the_client(self, app: Templates, key: str) -> None:
        route = app.one("AWS::ApiGatewayV2::Route", RouteKey=key)
        assert route["RouteResponseSelectionExpression"] == "$default"

    def test_integrations_outwait_their_functions(self, app: Templates) -> None:
        longest = max(
            function["Timeout"] for name, function in app.functions().items() if name not in {"persist", "migrate"}
        )
        for integration in app.properties("AWS::ApiGatewayV2::Integration"):
            assert integration["TimeoutInMillis"] <= 29_000
        assert (
            max(item["TimeoutInMillis"] for item in app.properties("AWS::ApiGatewayV2::Integration")) > longest * 1000
        )

    def test_access_logs_hold_no_query_string(self, app: Templates) -> None:
        """The query holds tickets."""
        for stage in app.properties("AWS::ApiGatewayV2::Stage"):
            assert "path" not in stage["AccessLogSettings"]["Format"].lower()
            assert "query" not in stage["AccessLogSettings"]["Format"].lower()
            assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0

    def test_schema_is_migrated_before_functions_that_rely_on_it_change(self, app: Templates) -> None:
        (migration,) = [
            logical_id
            for logical_id, resource in app.stack("services")["Resources"].items()
            if resource["Type"] == "Custom::Trigger"
        ]
        relying = {
            resource["Properties"]["FunctionName"].removeprefix(f"natter-{app.stage}-")
            for resource in app.stack("services")["Resources"].values()
            if resource["Type"] == "AWS::Lambda::Function" and migration in resource.get("DependsOn", [])
        }
        assert relying == {"authorize", "connect", "send", "users_api", "chat_api"}

    def test_outputs_are_what_clients_look_for(self, app: Templates) -> None:
        outputs = app.stack("services")["Outputs"]
        assert {key for key, output in outputs.items() if "Export" not in output} == {
            *("HttpUrl", "WebSocketUrl", "Region", "Stage")
        }
        assert "wss://" in json.dumps(outputs["WebSocketUrl"])
