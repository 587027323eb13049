"""
A small CDK app that has nothing to do with chat: a bit of everything that the local cloud imitates.

    wss://…        echo, and everything about the connection
    GET /orders/{id}
    topic orders ─▶ count        queue jobs ─▶ work ─▶ queue jobs-dead        every day ─▶ sweep
    topic news ─▶ queue inbox, function report ◀── alarms                 custom resource ─▶ greeting of all functions
    bucket photos, key shop        site ─▶ files of a bucket, and the orders
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import App, CfnOutput, CustomResource, Duration, Fn, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_msk as msk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import custom_resources as custom
from constructs import Construct

CODE = Path(__file__).parent / "functions"


@jsii.implements(deployment.ISource)
class Marked:
    """A folder in whose files something is known only where they are deployed; docs/local-cloud.md says why so."""

    def __init__(self, folder: str, marks: Mapping[str, str]) -> None:
        self._folder, self._marks = CODE.parent / folder, marks

    def bind(self, scope: Construct, *, handler_role: iam.IRole) -> deployment.SourceConfig:
        found = deployment.Source.asset(str(self._folder)).bind(scope, handler_role=handler_role)
        return deployment.SourceConfig(
            bucket=found.bucket, zip_object_key=found.zip_object_key, markers=dict(self._marks)
        )


class Shop(Stack):
    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.greeting = self._greeting()
        self.seen = self._queue("seen")
        self._sockets()
        self._http()
        self._stream()
        self._jobs()
        self._news()
        self._store()
        events.Rule(
            self,
            "Daily",
            rule_name="shop-daily",
            schedule=events.Schedule.rate(Duration.days(1)),
            targets=[targets.LambdaFunction(self._function("sweep"))],
        )

    def _function(self, name: str, **more: Any) -> lambda_.Function:
        """Tells the queue `seen` what it got, if it has a greeting to sign it with."""
        environment = {"GREETING": self.greeting, "SEEN": self.seen.queue_url} if name != "greet" else {}
        return lambda_.Function(
            self,
            name.title(),
            function_name=f"shop-{name}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            code=lambda_.Code.from_asset(str(CODE)),
            handler=f"shop.{name}",
            timeout=Duration.seconds(10),
            environment=environment,
            **more,
        )

    def _queue(self, name: str, **more: Any) -> sqs.Queue:
        queue = sqs.Queue(self, f"{name.title()}Queue", queue_name=f"shop-{name}", **more)
        CfnOutput(self, f"{name.title()}Url", value=queue.queue_url)
        return queue

    def _greeting(self) -> str:
        provider = custom.Provider(self, "Greeter", on_event_handler=self._function("greet"))
        resource = CustomResource(
            self,
            "Greeting",
            service_token=provider.service_token,
            resource_type="Custom::Greeting",
            properties={"Name": "shop"},
        )
        CfnOutput(self, "Greeted", value=resource.get_att_string("Text"))
        return resource.get_att_string("Text")

    def _sockets(self) -> None:
        echo = self._function("echo")
        api = apigateway.WebSocketApi(self, "Sockets")
        api.add_route(
            "$default", integration=integrations.WebSocketLambdaIntegration("Echo", echo), return_response=True
        )
        stage = apigateway.WebSocketStage(self, "Live", web_socket_api=api, stage_name="live", auto_deploy=True)
        CfnOutput(self, "WebSocketUrl", value=stage.url)

    def _http(self) -> None:
        api = apigateway.HttpApi(self, "Http")
        api.add_routes(
            path="/orders/{id}",
            methods=[apigateway.HttpMethod.GET],
            integration=integrations.HttpLambdaIntegration("Order", self._function("order")),
        )
        CfnOutput(self, "HttpUrl", value=api.api_endpoint)
        self._site(api)

    def _site(self, api: apigateway.HttpApi) -> None:
        """Files of a bucket and the API, on one origin."""
        files = s3.Bucket(self, "Files", object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED)
        headers = cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=f"connect-src 'self' https://{files.bucket_regional_domain_name}",
                    override=True,
                )
            ),
        )
        site = cloudfront.Distribution(
            self,
            "Site",
            default_root_object="index.html",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(files), response_headers_policy=headers
            ),
            additional_behaviors={
                "/orders/*": cloudfront.BehaviorOptions(
                    origin=origins.HttpOrigin(Fn.select(2, Fn.split("/", api.api_endpoint))),
                    allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                    cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                    origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                )
            },
            error_responses=[
                cloudfront.ErrorResponse(http_status=403, response_http_status=404, response_page_path="/index.html")
            ],
        )
        deployment.BucketDeployment(
            self,
            "Deployment",
            sources=[
                deployment.Source.asset(str(CODE.parent / "site")),
                Marked("config", {"<orders>": api.api_endpoint}),
            ],
            cache_control=[deployment.CacheControl.max_age(Duration.minutes(5))],
            destination_bucket=files,
            distribution=site,
        )
        CfnOutput(self, "SiteUrl", value=f"https://{site.distribution_domain_name}")

    def _stream(self) -> None:
        cluster = msk.CfnCluster(
            self,
            "Cluster",
            cluster_name="shop",
            kafka_version="3.9.x.kraft",
            number_of_broker_nodes=2,
            broker_node_group_info=msk.CfnCluster.BrokerNodeGroupInfoProperty(
                client_subnets=["subnet-a", "subnet-b"], instance_type="kafka.t3.small"
            ),
        )
        msk.CfnTopic(
            self,
            "Orders",
            cluster_arn=cluster.attr_arn,
            topic_name="orders",
            partition_count=2,
            replication_factor=2,
        )
        count = self._function("count")
        count.add_event_source(
            sources.ManagedKafkaEventSource(
                cluster_arn=cluster.attr_arn,
                topic="orders",
                consumer_group_id="shop-count",
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            )
        )

    def _jobs(self) -> None:
        dead = self._queue("dead")
        jobs = self._queue(
            "jobs",
            visibility_timeout=Duration.seconds(10),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=1),
        )
        work = self._function("work", on_failure=destinations.SqsDestination(dead), retry_attempts=0)
        work.add_event_source(sources.SqsEventSource(jobs, report_batch_item_failures=True))

    def _news(self) -> None:
        news = sns.Topic(self, "News", topic_name="shop-news")
        CfnOutput(self, "NewsArn", value=news.topic_arn)
        inbox = self._queue("inbox")
        news.add_subscription(subscriptions.SqsSubscription(inbox, raw_message_delivery=True))
        news.add_subscription(subscriptions.LambdaSubscription(self._function("report")))
        for alarm in self._alarms():
            alarm.add_alarm_action(actions.SnsAction(news))
            alarm.add_ok_action(actions.SnsAction(news))

    def _alarms(self) -> list[cloudwatch.Alarm]:
        """One of each kind: on a simple statistic, on a percentile, on metric math."""
        items = cloudwatch.MathExpression(
            expression="items / sales",
            using_metrics={"items": _metric("Items"), "sales": _metric("Sales")},
            period=Duration.seconds(10),
        )
        return [
            self._alarm("sales", _metric("Sales"), above=0),
            self._alarm("big", _metric("Items", statistic="p90"), above=10),
            self._alarm("average", items, above=10),
        ]

    def _alarm(self, name: str, metric: cloudwatch.IMetric, *, above: float) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            f"{name.title()}Alarm",
            alarm_name=f"shop-{name}",
            metric=metric,
            threshold=above,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        )

    def _store(self) -> None:
        photos = s3.Bucket(self, "Photos", bucket_name="shop-photos")
        CfnOutput(self, "PhotosName", value=photos.bucket_name)
        CfnOutput(self, "KeyId", value=kms.Key(self, "Key", alias="shop").key_id)


def _metric(name: str, *, statistic: str = "sum") -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="Shop",
        metric_name=name,
        dimensions_map={"service": "order"},
        statistic=statistic,
        period=Duration.seconds(10),
    )


if __name__ == "__main__":
    app = App()
    Shop(app, "shop")
    app.synth()
