from collections.abc import Mapping

from aws_cdk import Aws, Duration
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_apigatewayv2_integrations import HttpSqsIntegration
from constructs import Construct

from infra.blocks.logs import GONE, access_log_group
from infra.blocks.sockets import LOGGED, AccessLogs
from infra.config import Stage

RATE, BURST = 2, 10
"""Requests a second: one a minute is expected, and two while a visit is late."""
KEPT_S = 60
"""What nobody has fetched until then nobody waits for."""


class PushSink(Construct):
    """
    A push service that wakes nobody: an address on the internet that puts the path of each request into a queue.

    Visitors have themselves woken there, so that a push goes its whole way. There is no function: the gateway hands
    over to the queue by itself. It takes what anybody posts, and what it takes means nothing to who does not expect it;
    who posts much is throttled, and may at worst have a visit fail.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self._queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"natter-{stage.name}-sink",
            encryption=sqs.QueueEncryption.SQS_MANAGED,  # paths that are good for one push, and a minute
            enforce_ssl=True,
            retention_period=Duration.seconds(KEPT_S),
            visibility_timeout=Duration.seconds(KEPT_S),
            removal_policy=GONE,
        )
        self._api = gateway.HttpApi(self, "Api", api_name=f"natter-{stage.name}-sink", create_default_stage=False)
        path = gateway.ParameterMapping()
        path.custom("QueueUrl", self._queue.queue_url).custom("MessageBody", "$request.path.name")
        gateway.HttpRoute(
            self,
            "Push",
            http_api=self._api,
            integration=HttpSqsIntegration("ToQueue", queue=self._queue, parameter_mapping=path),
            route_key=gateway.HttpRouteKey.with_("/{name}", gateway.HttpMethod.POST),
        )
        gateway.HttpStage(
            self,
            "Stage",
            http_api=self._api,
            stage_name="$default",
            auto_deploy=True,
            throttle=gateway.ThrottleSettings(rate_limit=RATE, burst_limit=BURST),
            access_log_settings=AccessLogs(access_log_group(self, stage=stage, key=key), LOGGED),
        )
        self.settings: Mapping[str, str] = {"URL": self._api.api_endpoint, "QUEUE_URL": self._queue.queue_url}

    @property
    def host(self) -> str:
        """As the list of push services has it."""
        return f"{self._api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"

    def grant_look(self, grantee: iam.IGrantable) -> None:
        """Finding out what has arrived."""
        self._queue.grant(grantee, "sqs:ReceiveMessage", "sqs:DeleteMessage")
