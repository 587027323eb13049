from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.assembly import Resolver, Unresolvable, api_id, build_app
from local.model import App, Authorizer, Cors, DeployTask, Throttle

type Make = Callable[..., Resolver]
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:"


def function(name: str, **more: Any) -> dict[str, Any]:
    code = {"S3Key": "code.zip"}
    properties = {"FunctionName": name, "Code": code, "Handler": "handler.main", "Runtime": "python3.13"}
    return {"Type": "AWS::Lambda::Function", "Properties": properties | more}


def integration(target: str, **more: Any) -> dict[str, Any]:
    uri = {"Fn::Sub": f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${{{target}.Arn}}/invocations"}
    properties = {"ApiId": {"Ref": "Api"}, "IntegrationType": "AWS_PROXY", "IntegrationUri": uri}
    return {"Type": "AWS::ApiGatewayV2::Integration", "Properties": properties | more}


def template(**more: Any) -> dict[str, Any]:
    resources = {
        "Send": function(
            "send",
            Layers=[{"Ref": "Libraries"}],
            Environment={"Variables": {"SOCKETS": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}, "SIZE": 3}},
            Timeout=7,
            MemorySize=256,
            ReservedConcurrentExecutions=2,
        ),
        "Libraries": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": {"S3Key": "libraries.zip"}}},
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "WEBSOCKET"}},
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "StageName": "live",
                "DefaultRouteSettings": {"ThrottlingRateLimit": 50, "ThrottlingBurstLimit": 60},
            },
        },
    }
    return {"Resources": resources | more, "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}}}}


@pytest.fixture
def built(resolver: Make, tmp_path: Path) -> Callable[..., App]:
    def build(**more: Any) -> App:
        assets = {"code.zip": "functions/send", "libraries.zip": str(tmp_path / "asset.libraries")}
        made = resolver(assets, main=template(**more))
        return build_app(made, {api_id(api): 7001 for api in made.assembly.resources("AWS::ApiGatewayV2::Api")})

    return build


class TestFunctions:
    def test_have_folders_settings_and_resolved_variables(self, built: Callable[..., App], tmp_path: Path) -> None:
        (send,) = built().functions
        assert (send.name, send.arn, send.handler) == ("send", f"{ARN}send", "handler.main")
        assert send.code == tmp_path / "functions" / "send"
        assert send.layers == (tmp_path / "asset.libraries",)
        assert send.environment == {"SOCKETS": "ws://127.0.0.1:7001", "SIZE": "3"}
        assert (send.timeout_s, send.memory_mb, send.reserved_concurrency) == (7.0, 256, 2)

    def test_count_what_their_aliases_provision(self, built: Callable[..., App]) -> None:
        alias = {
            "FunctionName": {"Ref": "Send"},
            "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2},
        }
        (send,) = built(Live={"Type": "AWS::Lambda::Alias", "Properties": alias}).functions
        assert send.provisioned_concurrency == 2

    def test_behind_the_cdks_own_custom_resources_are_provided_here(self, built: Callable[..., App]) -> None:
        app = built(
            Provider=function("provider", Runtime="nodejs22.x"),
            Migration={
                "Type": "Custom::Trigger",
                "Properties": {"ServiceToken": {"Fn::GetAtt": ["Provider", "Arn"]}, "HandlerArn": {"Ref": "Version"}},
            },
            Version={"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Send"}}},
        )
        assert [made.name for made in app.functions] == ["send"]
        assert app.deploy_tasks == (DeployTask(logical_id="Migration", function_arn=f"{ARN}send"),)
        assert app.not_imitated == ()

    def test_in_another_language_are_refused_by_name(self, built: Callable[..., App]) -> None:
        with pytest.raises(Unresolvable, match=r"Other .*nodejs22"):
            built(Other=function("other", Runtime="nodejs22.x"))


class TestApis:
    def test_have_routes_with_their_functions_and_authorizers(self, built: Callable[..., App]) -> None:
        (api,) = built(
            ToSend=integration("Send", TimeoutInMillis=8000),
            Judge={
                "Type": "AWS::ApiGatewayV2::Authorizer",
                "Properties": {
                    "ApiId": {"Ref": "Api"},
                    "AuthorizerType": "REQUEST",
                    "AuthorizerUri": {"Fn::GetAtt": ["Send", "Arn"]},
                    "IdentitySource": ["route.request.header.Auth"],
                },
            },
            Connect={
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {
                    "ApiId": {"Ref": "Api"},
                    "RouteKey": "$connect",
                    "AuthorizerId": {"Ref": "Judge"},
                    "Target": {"Fn::Join": ["", ["integrations/", {"Ref": "ToSend"}]]},
                },
            },
            Sending={
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {
                    "ApiId": {"Ref": "Api"},
                    "RouteKey": "send",
                    "RouteResponseSelectionExpression": "$default",
                    "Target": {"Fn::Join": ["", ["integrations/", {"Ref": "ToSend"}]]},
                },
            },
        ).apis
        assert (api.kind, api.stage, api.port) == ("WEBSOCKET", "live", 7001)
        assert api.throttle == Throttle(rate=50, burst=60)
        connect, send = api.routes
        assert connect.authorizer == Authorizer(
            function_arn=f"{ARN}send", identity_sources=("route.request.header.Auth",)
        )
        assert (send.key, send.function_arn, send.timeout_s, send.returns_response) == ("send", f"{ARN}send", 8.0, True)
        assert not connect.returns_response

    def test_have_their_cors_rules(self, built: Callable[..., App]) -> None:
        (api,) = built(
            Api={
                "Type": "AWS::ApiGatewayV2::Api",
                "Properties": {
                    "ProtocolType": "HTTP",
                    "CorsConfiguration": {"AllowOrigins": ["*"], "AllowMethods": ["GET"], "MaxAge": 60},
                },
            }
        ).apis
        assert api.cors == Cors(origins=("*",), methods=("GET",), max_age_s=60)

    def test_events_of_another_format_are_refused_by_name(self, built: Callable[..., App]) -> None:
        route = {"ApiId": {"Ref": "Api"}, "RouteKey": "$default", "Target": "integrations/Sending"}
        with pytest.raises(Unresolvable, match=r"Sending .* format 2\.0"):
            built(
                Sending=integration("Send", PayloadFormatVersion="2.0"),
                Default={"Type": "AWS::ApiGatewayV2::Route", "Properties": route},
            )

    def test_routes_have_throttles_of_their_own(self, built: Callable[..., App]) -> None:
        stage = {"ApiId": {"Ref": "Api"}, "StageName": "live", "RouteSettings": {"send": {"ThrottlingRateLimit": 7}}}
        route = {"ApiId": {"Ref": "Api"}, "RouteKey": "send", "Target": "integrations/ToSend"}
        (api,) = built(
            Stage={"Type": "AWS::ApiGatewayV2::Stage", "Properties": stage},
            ToSend=integration("Send"),
            Sending={"Type": "AWS::ApiGatewayV2::Route", "Properties": route},
        ).apis
        assert (api.throttle, api.route_throttles) == (Throttle(), {"send": Throttle(rate=7)})

    def test_throttle_of_no_route_is_refused(self, built: Callable[..., App]) -> None:
        """As AWS does when the stage is made."""
        stage = {"ApiId": {"Ref": "Api"}, "StageName": "live", "RouteSettings": {"send": {"ThrottlingRateLimit": 7}}}
        with pytest.raises(Unresolvable, match="Unable to find Route by key send"):
            built(Stage={"Type": "AWS::ApiGatewayV2::Stage", "Properties": stage})

    def test_outputs_are_local(self, built: Callable[..., App]) -> None:
        assert built().outputs == {"Url": "ws://127.0.0.1:7001"}


class TestCoverage:
    def test_types_and_properties_without_counterpart_are_listed(self, built: Callable[..., App]) -> None:
        app = built(Site={"Type": "AWS::Route53::RecordSet"}, Fast=function("fast", SnapStart={"ApplyOn": "None"}))
        assert app.not_imitated == (
            ("Site", "AWS::Route53::RecordSet"),
            ("Fast", "AWS::Lambda::Function.SnapStart"),
        )

    def test_alarms_that_nobody_evaluates_are_listed(self, built: Callable[..., App]) -> None:
        common = {"Threshold": 1, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}
        series = {"Namespace": "Shop", "MetricName": "Latency"}
        late = common | series | {"Period": 60, "ExtendedStatistic": "p99"}
        stat = {"Metric": series, "Period": 60, "Stat": "Sum"}
        odd = [{"Id": "e", "Expression": "ODD(m)"}, {"Id": "m", "MetricStat": stat, "ReturnData": False}]
        app = built(
            Late={"Type": "AWS::CloudWatch::Alarm", "Properties": late | {"AlarmName": "late"}},
            Odd={"Type": "AWS::CloudWatch::Alarm", "Properties": common | {"Metrics": odd}},
            Band={"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": odd, "ThresholdMetricId": "e"}},
        )
        assert [alarm.name for alarm in app.alarms] == ["late"]
        assert app.not_imitated == (
            ("Band", "AWS::CloudWatch::Alarm.ThresholdMetricId"),
            ("Odd", "AWS::CloudWatch::Alarm.Metrics.Expression"),
        )

    def test_parts_of_properties_without_counterpart_are_listed(self, built: Callable[..., App]) -> None:
        lifecycle = {"Rules": [{"Status": "Enabled"}, {"Status": "Enabled", "ObjectSizeLessThan": "1"}]}
        targets = [
            {"Arn": {"Fn::GetAtt": ["Send", "Arn"]}, "Id": "0", "InputPath": "$.detail"},
            {"Arn": {"Fn::GetAtt": ["Send", "Arn"]}, "Id": "1", "Input": "{}"},
        ]
        app = built(
            Files={"Type": "AWS::S3::Bucket", "Properties": {"LifecycleConfiguration": lifecycle}},
            Nightly={
                "Type": "AWS::Events::Rule",
                "Properties": {"ScheduleExpression": "rate(1 day)", "Targets": targets},
            },
        )
        assert app.not_imitated == (
            ("Files", "AWS::S3::Bucket.LifecycleConfiguration.Rules.ObjectSizeLessThan"),
            ("Nightly", "AWS::Events::Rule.Targets.InputPath"),
        )

    def test_references_are_not_taken_for_parts(self, built: Callable[..., App]) -> None:
        lifecycle = {"Fn::If": ["Short", {"Rules": []}, {"Ref": "AWS::NoValue"}]}
        app = built(Files={"Type": "AWS::S3::Bucket", "Properties": {"LifecycleConfiguration": lifecycle}})
        assert app.not_imitated == ()
