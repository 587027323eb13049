import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from pydantic import BaseModel

from infra.config import BROWSERS, DEV, PROD, Oidc, Stage
from natter import metrics, names, settings
from natter.domain.limits import adjusted
from tests.infra.stages import STAGES
from tests.infra.templates import Templates

MODELS: dict[str, type[settings.FunctionSettings]] = {
    "authorize": settings.AuthorizeSettings,
    "chat_api": settings.ChatApiSettings,
    "close_connections": settings.CloseConnectionsSettings,
    "connect": settings.ConnectSettings,
    "disconnect": settings.DisconnectSettings,
    "erase": settings.EraseSettings,
    "export": settings.ExportSettings,
    "fanout": settings.FanoutSettings,
    "migrate": settings.MigrateSettings,
    "persist": settings.PersistSettings,
    "post_slice": settings.PostSliceSettings,
    "presence": settings.PresenceSettings,
    "push": settings.PushSettings,
    "push_platforms": settings.PushPlatformsSettings,
    "rebuild": settings.RebuildSettings,
    "receipts": settings.ReceiptsSettings,
    "reconcile": settings.ReconcileSettings,
    "relay": settings.RelaySettings,
    "rotate_login": settings.RotateLoginSettings,
    "send": settings.SendSettings,
    "settle_files": settings.SettleFilesSettings,
    "signal": settings.SignalSettings,
    "users_api": settings.UsersApiSettings,
    "visit": settings.VisitSettings,
    "wake": settings.WakeSettings,
}
LAYER_LIMIT = 5
BEHIND_NO_API = {
    *(
        "close_connections",
        "erase",
        "export",
        "fanout",
        "settle_files",
        "migrate",
        "persist",
        "post_slice",
        "presence",
        "push",
        "push_platforms",
        "rebuild",
        "receipts",
        "reconcile",
        "relay",
        "rotate_login",
        "visit",
        "wake",
    )
}


def required(model: type[BaseModel], prefix: str = "NATTER_") -> Iterator[str]:
    """The variables without which the model refuses to be made."""
    for name, field in model.model_fields.items():
        variable = prefix + name.upper()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from required(field.annotation, variable + "__")
        elif field.is_required():
            yield variable


_BOTH = {
    *("apiId", "authorizer.error", "authorizer.principalId", "domainName", "error.message", "error.responseType"),
    *("extendedRequestId", "identity.sourceIp", "identity.userAgent", "integration.error", "integration.status"),
    *("integrationLatency", "requestId", "requestTime", "requestTimeEpoch", "routeKey", "stage", "status"),
}
LOGGED_BY = {
    "HTTP": _BOTH
    | {
        *(
            "accountId",
            "awsEndpointRequestId",
            "dataProcessed",
            "error.messageString",
            "httpMethod",
            "integration.latency",
        ),
        *("integration.requestId", "integrationErrorMessage", "integrationStatus", "path", "protocol"),
        *("responseLatency", "responseLength"),
    },
    "WEBSOCKET": _BOTH
    | {
        *("authorize.error", "authorize.latency", "authorize.status", "authorizer.latency", "authorizer.requestId"),
        *("authorizer.status", "connectedAt", "connectionId", "error.validationErrorString", "eventType"),
        *("integration.requestId", "messageId"),
    },
}
"""AWS's guide to API Gateway, `http-api-logging-variables` and `websocket-api-logging`: those that are of use here."""


class TestFunctions:
    def test_are_those_of_the_application(self, app: Templates) -> None:
        assert set(app.functions()) == set(MODELS) == set(metrics.FUNCTIONS)

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
        """But for who comes from outside."""
        outside = [name for name, function in app.functions().items() if "VpcConfig" not in function]
        assert outside == ["visit"]
        inside = [function for function in app.functions().values() if "VpcConfig" in function]
        assert all(len(function["VpcConfig"]["SubnetIds"]) == 3 for function in inside)

    def test_use_iam_and_tls_towards_the_stores(self, app: Templates) -> None:
        for function in app.functions().values():
            variables = function["Environment"]["Variables"]
            assert variables.get("NATTER_KAFKA__AUTH", "iam") == "iam"
            assert variables.get("NATTER_VALKEY__AUTH", "iam") == "iam"
            assert variables.get("NATTER_KEYSPACES__AUTH", "sigv4") == "sigv4"
            assert variables.get("NATTER_POSTGRES__TLS", "verify-full") == "verify-full"

    def test_prod_limits_attempts_by_address(self, prod: Templates) -> None:
        assert prod.functions()["users_api"]["Environment"]["Variables"]["NATTER_LIMITS__PER_ADDRESS"] == "true"

    def test_limits_of_a_stage_reach_all_who_keep_them(self, varied: Templates) -> None:
        found = {
            name: json.loads(value)
            for name, function in varied.functions().items()
            if (value := function["Environment"]["Variables"].get("NATTER_LIMITS__RATES")) is not None
        }
        assert found == {name: {"commands": [100, 300]} for name in ("chat_api", "send", "signal", "users_api")}

    def test_limits_of_a_stage_are_limits_that_there_are(self) -> None:
        for stage in STAGES.values():
            adjusted(stage.limits)

    def test_every_log_ends_some_day(self, app: Templates) -> None:
        groups = app.properties("AWS::Logs::LogGroup")
        assert all(group["RetentionInDays"] <= 90 for group in groups)
        named = {group.get("LogGroupName") for group in groups}
        assert {f"/natter/{app.stage}/{name}" for name in MODELS} <= named

    def test_the_first_token_key_signs_and_all_in_use_count(self, varied: Templates) -> None:
        """In that order, as JSON, in every function that reads tokens; a retired one is in none."""
        for name in ("authorize", "chat_api", "users_api"):
            value = json.dumps(varied.functions()[name]["Environment"]["Variables"]["NATTER_TOKENS__KEY_ARNS"])
            named = re.findall(r"TokenKey([a-z])[0-9A-F]{8}", value)
            assert named == ["b", "a"]
            assert len(varied.actions(name)["kms:GetPublicKey"]) == 2

    def test_browsers_subscribe_with_the_first_web_push_key(self, varied: Templates) -> None:
        """Those of the others in use are woken still; a retired one is named to nobody."""
        variables = varied.functions()["users_api"]["Environment"]["Variables"]
        named = re.findall(r"Key([a-z])[0-9A-F]{8}", json.dumps(variables["NATTER_WEB_PUSH__SECRET_ARNS"]))
        assert named == ["b", "a"]

    def test_only_users_api_knows_the_identity_provider(self, varied: Templates) -> None:
        variables = {
            name: {key: value for key, value in function["Environment"]["Variables"].items() if "OIDC" in key}
            for name, function in varied.functions().items()
        }
        assert variables.pop("users_api") == {
            "NATTER_OIDC__ISSUER": "https://login.example",
            "NATTER_OIDC__AUDIENCE": "natter-app",
            "NATTER_OIDC__USERNAME_CLAIM": "preferred_username",
            "NATTER_OIDC__DISPLAY_NAME_CLAIM": "name",
        }
        assert set(map(len, variables.values())) == {0}

    def test_what_a_stage_says_of_the_provider_is_read(self) -> None:
        """But for what is told to browsers alone."""
        assert {field.name for field in fields(Oidc)} - {"origins"} <= set(settings.OidcSettings.model_fields)

    def test_by_default_people_have_passwords(self, app: Templates) -> None:
        assert not any("OIDC" in key for key in app.functions()["users_api"]["Environment"]["Variables"])


class TestPrivileges:
    def test_only_users_api_signs_tokens(self, app: Templates) -> None:
        assert [name for name in MODELS if "kms:Sign" in app.actions(name)] == ["users_api"]

    def test_only_those_that_verify_tokens_read_the_public_key(self, app: Templates) -> None:
        readers = {name for name in MODELS if "kms:GetPublicKey" in app.actions(name)}
        assert readers == {"authorize", "chat_api", "users_api"}

    @pytest.mark.parametrize("name", MODELS)
    def test_secrets_are_read_only_by_those_who_are_told_of_them(self, app: Templates, name: str) -> None:
        """
        The database's login; the keys of Web Push; what the edge proves itself by; `push_platforms` the credentials of
        the platforms.
        """
        variables = app.functions()[name]["Environment"]["Variables"]
        named = {json.dumps(value) for key, value in variables.items() if key.endswith("SECRET_ARN")}
        read = set(app.actions(name).get("secretsmanager:GetSecretValue", []))
        lists = {"WebPushKeys": "NATTER_WEB_PUSH__SECRET_ARNS", "HttpEdgeSecret": "NATTER_EDGE__SECRET_ARNS"}
        assert {secret for secret in read if not any(kind in secret for kind in lists)} == named
        for kind, variable in lists.items():
            assert any(kind in secret for secret in read) == (kind in json.dumps(variables.get(variable)))

    def test_mobile_push_is_in_parts(self, app: Templates) -> None:
        """Who registers devices cannot wake them, nor can who makes the applications."""
        allowed = {
            (name, action.removeprefix("sns:"), *sorted(set(re.findall(r":(app|endpoint)/", "".join(resources)))))
            for name in MODELS
            for action, resources in app.actions(name).items()
            if action.startswith("sns:")
        }
        assert allowed == {
            ("push_platforms", "CreatePlatformApplication", "app"),
            ("push_platforms", "SetPlatformApplicationAttributes", "app"),
            ("push_platforms", "DeletePlatformApplication", "app"),
            ("users_api", "CreatePlatformEndpoint", "app"),
            ("users_api", "SetEndpointAttributes", "endpoint"),
            ("erase", "DeleteEndpoint", "endpoint"),
            ("wake", "Publish", "endpoint"),
        }
        endpoints = "".join(app.actions("erase")["sns:DeleteEndpoint"])
        for platform in ("APNS", "APNS_SANDBOX", "GCM"):
            assert f":endpoint/{platform}/natter-{app.stage}/*" in endpoints

    @pytest.mark.parametrize(
        ("name", "topics"),
        [
            ("connect", {names.CONNECTIONS_TOPIC}),
            ("disconnect", {names.CONNECTIONS_TOPIC}),
            ("send", {names.COMMANDS_TOPIC}),
            ("chat_api", {names.COMMANDS_TOPIC, names.RECEIPTS_TOPIC}),
            ("signal", {names.RECEIPTS_TOPIC, names.CONNECTIONS_TOPIC}),
            ("receipts", {names.DEAD_TOPIC}),
            ("presence", {names.DEAD_TOPIC}),
            ("rebuild", set()),
            ("relay", {names.COMMANDS_TOPIC}),
            ("erase", {names.COMMANDS_TOPIC}),
            ("persist", {names.EVENTS_TOPIC, names.FANOUT_TOPIC, names.DEAD_TOPIC}),
            ("fanout", {names.DEAD_TOPIC}),
            ("post_slice", set()),
            ("settle_files", set()),
            ("close_connections", set()),
            ("users_api", set()),
        ],
    )
    def test_append_only_to_their_topics(self, app: Templates, name: str, topics: set[str]) -> None:
        resources = app.actions(name).get("kafka-cluster:WriteData", [])
        assert {topic for topic in names.TOPICS if any(f"/{topic}" in item for item in resources)} == topics
        assert len(resources) == len(topics)

    def test_only_consumers_read_the_log(self, app: Templates) -> None:
        readers = [name for name in MODELS if "kafka-cluster:ReadData" in app.actions(name)]
        assert readers == ["fanout", "persist", "presence", "push", "rebuild", "receipts", "reconcile"]

    def test_send_knows_where_a_conversation_is(self, app: Templates) -> None:
        """By as many partitions as the topic has."""
        counts = {topic["TopicName"]: topic["PartitionCount"] for topic in app.properties("AWS::MSK::Topic")}
        variables = app.functions()["send"]["Environment"]["Variables"]
        assert int(variables["NATTER_COMMANDS__PARTITIONS"]) == counts[names.COMMANDS_TOPIC]

    def test_persist_may_ask_how_far_the_log_goes(self, app: Templates) -> None:
        assert any(f"/{names.COMMANDS_TOPIC}" in each for each in app.actions("persist")["kafka-cluster:DescribeTopic"])

    @pytest.mark.parametrize(("stage", "parts"), [("dev", 128), ("prod", 16)])
    def test_several_rebuild_what_is_lost_of_many_connections(
        self, stages: Callable[[str], Templates], stage: str, parts: int
    ) -> None:
        variables = stages(stage).functions()["rebuild"]["Environment"]["Variables"]
        assert int(variables["NATTER_REBUILDING__PARTS"]) == parts

    def test_rebuild_reads_what_happened_to_connections_and_keeps_no_place(self, app: Templates) -> None:
        actions = app.actions("rebuild")
        (topic,) = actions["kafka-cluster:ReadData"]
        assert f"/{names.CONNECTIONS_TOPIC}" in topic
        assert "kafka-cluster:AlterGroup" not in actions
        (group,) = actions["kafka-cluster:DescribeGroup"]
        assert f"/{names.REBUILD_GROUP}" in group

    def test_the_ledger_reads_the_log_and_may_move_nobodys_place_but_its_own(self, app: Templates) -> None:
        actions = app.actions("reconcile")
        topics = "".join(actions["kafka-cluster:ReadData"])
        assert f"/{names.COMMANDS_TOPIC}" in topics
        assert f"/{names.DEAD_TOPIC}" in topics
        assert "kafka-cluster:WriteData" not in actions
        (group,) = actions["kafka-cluster:AlterGroup"]
        assert f"/{names.LEDGER_GROUP}" in group
        source = app.one("AWS::Lambda::EventSourceMapping", Topics=[names.COMMANDS_TOPIC])
        decider = source["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]
        assert any(f"/{decider}" in each for each in actions["kafka-cluster:DescribeGroup"])

    def test_only_persist_writes_the_tables_receipts_the_cursors_and_erase_what_it_empties(
        self, app: Templates
    ) -> None:
        assert [name for name in MODELS if "cassandra:Modify" in app.actions(name)] == [
            *("erase", "persist", "receipts", "settle_files")
        ]
        for name, table in (("receipts", "cursors"), ("settle_files", "files")):
            (resource,) = app.actions(name)["cassandra:Modify"]
            assert f"/table/{table}" in resource
        emptied = [re.search(r"/table/(\w+)", each) for each in app.actions("erase")["cassandra:Modify"]]
        assert {each[1] for each in emptied if each} == {"events", "cursors", "files"}

    def test_who_belongs_to_a_conversation_is_read_as_far_as_it_is_needed(self, app: Templates) -> None:
        """The fold knows of all and of single people, `fanout`, `push` and operators of all, others of single ones."""
        readers = {
            table: [
                name
                for name in MODELS
                if any(f"/table/{table}" in each for each in app.actions(name).get("cassandra:Select", ()))
            ]
            for table in ("rosters", "standings")
        }
        assert readers == {
            "rosters": ["fanout", "persist", "push", "reconcile"],
            "standings": ["chat_api", "erase", "export", "persist", "settle_files", "wake"],
        }

    def test_attachments_are_read_and_written_only_where_it_is_needed(self, app: Templates) -> None:
        """
        `chat_api` signs uploads to what is pending and downloads of what is sent; `send` moves the one there; `erase`
        removes all, `settle_files` keeps and removes what is shown. `export` keeps archives, `users_api` signs
        downloads of them. `wake` asks what is shown is of what kind.
        """
        allowed = {
            (name, action.removeprefix("s3:"), prefix)
            for name in MODELS
            for action, resources in app.actions(name).items()
            if action in {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:*"}
            for resource in resources
            for prefix in re.findall(r"/(\w+)/\*", resource)
        }
        assert allowed == {
            ("chat_api", "PutObject", "pending"),
            ("chat_api", "GetObject", "held"),
            ("chat_api", "GetObject", "shown"),
            ("erase", "DeleteObject", "exports"),
            ("export", "PutObject", "exports"),
            ("export", "DeleteObject", "exports"),
            ("users_api", "GetObject", "exports"),
            ("erase", "DeleteObject", "pending"),
            ("erase", "DeleteObject", "shown"),
            ("erase", "DeleteObject", "held"),
            ("settle_files", "GetObject", "held"),
            ("settle_files", "GetObject", "shown"),
            ("settle_files", "PutObject", "shown"),
            ("settle_files", "DeleteObject", "shown"),
            ("wake", "GetObject", "held"),
            ("wake", "GetObject", "shown"),
            ("send", "GetObject", "pending"),
            ("send", "GetObject", "held"),
            ("send", "GetObject", "shown"),
            ("send", "PutObject", "held"),
        }

    @pytest.mark.parametrize("name", MODELS)
    def test_nothing_is_allowed_on_everything(self, app: Templates, name: str) -> None:
        wide = {action for action, resources in app.actions(name).items() if '"*"' in resources}
        assert {action for action in wide if not action.startswith(("ec2:", "kafka:", "xray:"))} == set()

    def test_only_users_api_starts_an_export(self, app: Templates) -> None:
        assert [name for name in MODELS if "lambda:InvokeFunction" in app.actions(name)] == ["users_api"]
        assert all("Export" in each for each in app.actions("users_api")["lambda:InvokeFunction"])
        function = app.functions()["users_api"]["Environment"]["Variables"]["NATTER_EXPORTER__FUNCTION"]
        assert function == f"natter-{app.stage}-export"
        configs = app.properties("AWS::Lambda::EventInvokeConfig")
        (export,) = [each for each in configs if "Export" in str(each["FunctionName"])]
        assert export["MaximumRetryAttempts"] == 0


class TestPersistSource:
    def test_loses_nothing_and_waits_for_nothing(self, app: Templates) -> None:
        source = app.one("AWS::Lambda::EventSourceMapping", Topics=[names.COMMANDS_TOPIC])
        pollers = -(-STAGES[app.stage].partitions // 5)
        assert source["StartingPosition"] == "TRIM_HORIZON"
        assert source["MaximumBatchingWindowInSeconds"] == 0
        assert source["BatchSize"] == 100
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        config = source["ProvisionedPollerConfig"]
        assert (config["MinimumPollers"], config["MaximumPollers"]) == (pollers, pollers)
        assert source["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]
        assert source.get("MaximumRetryAttempts", -1) == -1

    def test_may_use_exactly_its_group(self, app: Templates) -> None:
        source = app.one("AWS::Lambda::EventSourceMapping", Topics=[names.COMMANDS_TOPIC])
        group = source["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]
        (resource,) = app.actions("persist")["kafka-cluster:AlterGroup"]
        assert f"/{group}" in resource


class TestPresenceSource:
    def test_waits_for_nothing_and_loses_nothing(self, app: Templates) -> None:
        source = app.one("AWS::Lambda::EventSourceMapping", Topics=[names.CONNECTIONS_TOPIC])
        assert source["StartingPosition"] == "TRIM_HORIZON"
        assert source["MaximumBatchingWindowInSeconds"] == 0
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


class TestReceiptsSource:
    def test_gathers_for_a_second_and_loses_nothing(self, app: Templates) -> None:
        source = app.one("AWS::Lambda::EventSourceMapping", Topics=[names.RECEIPTS_TOPIC])
        assert source["StartingPosition"] == "TRIM_HORIZON"
        assert source["MaximumBatchingWindowInSeconds"] == 1
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source.get("MaximumRetryAttempts", -1) == -1

    def test_may_use_exactly_its_group(self, app: Templates) -> None:
        source = app.one("AWS::Lambda::EventSourceMapping", Topics=[names.RECEIPTS_TOPIC])
        group = source["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]
        (resource,) = app.actions("receipts")["kafka-cluster:AlterGroup"]
        assert f"/{group}" in resource


@pytest.mark.parametrize("name", ["relay", "erase", "reconcile"])
class TestSchedules:
    def test_are_every_minute_and_make_up_for_none_that_was_missed(self, app: Templates, name: str) -> None:
        rule = app.one("AWS::Events::Rule", Name=f"natter-{app.stage}-{name}")
        (target,) = rule["Targets"]
        assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
        assert name.title() in json.dumps(target["Arn"])
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}

    def test_two_never_run_at_once(self, prod: Templates, name: str) -> None:
        """Where the account has executions to reserve; elsewhere the next minute's seldom begins before the end."""
        assert prod.functions()[name]["ReservedConcurrentExecutions"] == 1
        assert prod.functions()[name]["Timeout"] == 60


class TestApis:
    def test_connect_is_authorized_without_demanding_a_header(self, app: Templates) -> None:
        """Browsers cannot set one; an identity source that is missing would be refused unasked."""
        assert app.one("AWS::ApiGatewayV2::Route", RouteKey="$connect")["AuthorizationType"] == "CUSTOM"
        assert app.one("AWS::ApiGatewayV2::Authorizer").get("IdentitySource", []) == []

    @pytest.mark.parametrize(
        "key", ["send", "edit", "delete", "react", "ping", "read", "delivered", "typing", "watch", "status"]
    )
    def test_answers_reach_the_client(self, app: Templates, key: str) -> None:
        route = app.one("AWS::ApiGatewayV2::Route", RouteKey=key)
        assert route["RouteResponseSelectionExpression"] == "$default"

    @pytest.mark.parametrize("of", ["users", "sessions", "contacts", "blocks", "devices"])
    def test_whatever_concerns_people_has_its_routes(self, app: Templates, of: str) -> None:
        """Of its own, so that it is seen apart in the API's figures."""
        users = app.one("AWS::ApiGatewayV2::Route", RouteKey="ANY /v1/users")["Target"]
        for key in (f"ANY /v1/{of}", f"ANY /v1/{of}/{{proxy+}}"):
            assert app.one("AWS::ApiGatewayV2::Route", RouteKey=key)["Target"] == users

    def test_who_is_there_is_asked_of_those_who_know_people(self, app: Templates) -> None:
        users = app.one("AWS::ApiGatewayV2::Route", RouteKey="ANY /v1/users")["Target"]
        assert app.one("AWS::ApiGatewayV2::Route", RouteKey="ANY /v1/presence")["Target"] == users

    def test_the_keys_of_tokens_are_where_others_look_for_them(self, app: Templates) -> None:
        assert app.one("AWS::ApiGatewayV2::Route", RouteKey="ANY /.well-known/jwks.json")

    def test_integrations_outwait_their_functions(self, app: Templates) -> None:
        longest = max(function["Timeout"] for name, function in app.functions().items() if name not in BEHIND_NO_API)
        made = [each for each in app.properties("AWS::ApiGatewayV2::Integration") if "IntegrationSubtype" not in each]
        assert all(each["TimeoutInMillis"] <= 29_000 for each in made)
        assert max(each["TimeoutInMillis"] for each in made) > longest * 1000

    def test_who_has_left_is_heard_by_a_function_that_has_to_start_first(self, app: Templates) -> None:
        """Nobody waits for the answer; and what the gateway gives up meanwhile, a pool without room never sees."""
        route = app.one("AWS::ApiGatewayV2::Route", RouteKey="$disconnect")
        integration = app.stack("services")["Resources"][route["Target"]["Fn::Join"][1][-1]["Ref"]]
        assert integration["Properties"]["TimeoutInMillis"] == 29_000

    def test_access_logs_hold_no_query_string(self, app: Templates) -> None:
        """The query holds tickets."""
        for stage in app.properties("AWS::ApiGatewayV2::Stage"):
            assert "path" not in stage["AccessLogSettings"]["Format"].lower()
            assert "query" not in stage["AccessLogSettings"]["Format"].lower()
            assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0

    def test_access_logs_name_variables_that_their_api_has(self, app: Templates) -> None:
        """A stage that names another is refused: "The following context variables are not supported"."""
        protocols = {
            logical_id: resource["Properties"]["ProtocolType"]
            for logical_id, resource in app.stack("services")["Resources"].items()
            if resource["Type"] == "AWS::ApiGatewayV2::Api"
        }
        seen = set()
        for stage in app.properties("AWS::ApiGatewayV2::Stage"):
            protocol = protocols[stage["ApiId"]["Ref"]]
            named = set(re.findall(r"\$context\.([\w.]+)", stage["AccessLogSettings"]["Format"]))
            assert named
            assert named <= LOGGED_BY[protocol]
            seen.add(protocol)
        assert seen == LOGGED_BY.keys()

    def test_stages_ask_for_no_more_at_once_than_an_account_has(self, app: Templates) -> None:
        for stage in app.properties("AWS::ApiGatewayV2::Stage"):
            assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] <= 5_000

    def test_schema_is_migrated_before_functions_that_rely_on_it_change(self, app: Templates) -> None:
        (migration,) = [
            logical_id
            for logical_id, resource in app.stack("services")["Resources"].items()
            if resource["Type"] == "Custom::Trigger" and logical_id.startswith("Migration")
        ]
        relying = {
            resource["Properties"]["FunctionName"].removeprefix(f"natter-{app.stage}-")
            for resource in app.stack("services")["Resources"].values()
            if resource["Type"] == "AWS::Lambda::Function" and migration in resource.get("DependsOn", [])
        }
        assert relying == {
            *("authorize", "connect", "send", "signal", "receipts", "presence", "relay", "erase", "export"),
            *("users_api", "chat_api", "push", "wake"),
        }

    def test_outputs_are_what_clients_look_for(self, app: Templates) -> None:
        outputs = app.stack("services")["Outputs"]
        edge = {"DistributionDomain"} if STAGES[app.stage].edge else set()  # for the record of its name
        assert {key for key, output in outputs.items() if "Export" not in output} == edge | {
            *("AppUrl", "HttpUrl", "WebSocketUrl", "Region", "Stage")
        }
        assert "wss://" in json.dumps(outputs["WebSocketUrl"])


class TestPushServices:
    def test_are_those_of_browsers_and_no_addresses_of_ours(self, app: Templates) -> None:
        """Users say where: requests must not be sent into our own networks, nor to whom nobody vouches for."""
        told = {
            name: value
            for function in app.functions().values()
            for name, value in function["Environment"]["Variables"].items()
            if name.startswith("NATTER_WEB_PUSH__")
        }
        assert told.keys() == {f"NATTER_WEB_PUSH__{name}" for name in ("SECRET_ARNS", "CONTACT", "HOSTS")}
        (_, (before, api, between, region, *_)) = told["NATTER_WEB_PUSH__HOSTS"]["Fn::Join"]
        assert json.loads(f'{before}"]') == [*BROWSERS, ""]
        assert app.stack("services")["Resources"][api["Ref"]]["Properties"]["Name"] == f"natter-{app.stage}-sink"
        assert (between, region) == (".execute-api.", {"Ref": "AWS::Region"})

    @pytest.mark.parametrize(
        "changed", [{"web_push_private_hosts": ("10.0.0.1:8443",)}, {"web_push_ca_file": "/own.pem"}]
    )
    @pytest.mark.parametrize("stage", [DEV, PROD])
    def test_of_our_own_networks_are_refused(self, stage: Stage, changed: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="for the local cloud only"):
            replace(stage, **changed)


class TestPushPlatforms:
    def test_are_made_again_when_the_stage_says_so(self, app: Templates) -> None:
        properties = app.one("Custom::PushPlatforms")
        assert properties["Credentials"] == STAGES[app.stage].push_credentials
        assert properties["Retain"] == str(STAGES[app.stage].retain_data).lower()

    def test_who_registers_devices_is_told_what_was_made(self, app: Templates) -> None:
        variables = app.functions()["users_api"]["Environment"]["Variables"]
        told = {name: variables[f"NATTER_PUSH__{name}"]["Fn::GetAtt"][1] for name in ("APNS", "APNS_SANDBOX", "FCM")}
        assert told == {"APNS": "Apns", "APNS_SANDBOX": "ApnsSandbox", "FCM": "Fcm"}

    def test_a_new_stage_has_no_credentials(self, app: Templates) -> None:
        generated = [
            secret["GenerateSecretString"]
            for secret in app.properties("AWS::SecretsManager::Secret")
            if "SecretStringTemplate" in secret["GenerateSecretString"] and "push" in secret.get("Description", "")
        ]
        assert [each["SecretStringTemplate"] for each in generated] == ["{}", "{}"]
        assert {each["GenerateStringKey"] for each in generated} == {"not_set"}


@pytest.mark.parametrize("rebuilders", [0, names.REGISTRY_PARTS + 1])
def test_a_registry_is_rebuilt_by_at_least_one_and_at_most_one_for_each_part(rebuilders: int) -> None:
    assert replace(STAGES["prod"], rebuilders=names.REGISTRY_PARTS).rebuilders == names.REGISTRY_PARTS
    with pytest.raises(ValueError, match="rebuilders"):
        replace(STAGES["prod"], rebuilders=rebuilders)
