"""What every part of the services needs: how a function is made and called, and what it is joined to."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.blocks.consumer import consume
from infra.blocks.http import Http
from infra.blocks.layers import Layers
from infra.blocks.push_platforms import PushPlatforms
from infra.blocks.push_sink import PushSink
from infra.blocks.python_function import Network, PythonFunction
from infra.blocks.queues import Queues
from infra.blocks.sockets import Sockets
from infra.config import FunctionName, Stage
from infra.stacks.data import DataStack
from infra.stacks.network import NetworkStack
from infra.stacks.settings import settings_of
from infra.stacks.streams import StreamsStack
from natter import names
from natter.metrics import TRACED

EXPORT = ("xray:PutTraceSegments", "xray:PutSpans", "xray:PutSpansForIndexing")
"""What X-Ray's OTLP endpoint asks for (docs/decisions/0031); they only write, and know no resources."""
MINUTE = Duration.minutes(1)


class Functions:
    """All that were made, by folder, and what they share; `scope` is the stack that they stand in."""

    push_platforms: PushPlatforms
    """Made first of all: who registers or wakes devices is told what it has made."""

    def __init__(
        self, scope: Construct, *, stage: Stage, network: NetworkStack, data: DataStack, streams: StreamsStack
    ) -> None:
        self.scope, self.stage, self.network, self.data, self.streams = scope, stage, network, data, streams
        self._layers = Layers(scope, "Layers", stage=stage)
        self.sockets = Sockets(scope, "Sockets", stage=stage, key=data.key)
        self.http = Http(
            scope,
            "Http",
            stage=stage,
            key=data.key,
            sockets_url=self.sockets.url,
            files=data.attachments.origins,
        )
        self.queues = Queues(scope, stage=stage, key=data.key)
        self.sink = None if stage.web_push_private_hosts else PushSink(scope, "Sink", stage=stage, key=data.key)
        """Where visitors are woken; None: at a push service that the stage has."""
        self.settings = settings_of(
            stage=stage, data=data, streams=streams, sockets=self.sockets, queues=self.queues, sink=self.sink
        )
        self.push_goes_to = "PUSH_SERVICE" if self.sink is None else "SINK"
        if self.http.edge is not None:
            self.settings["EDGE"] = self.http.edge.settings
        self.settings["WEB_APP"] = self.http.front.settings
        self.behind_edge = ("EDGE",) * (self.http.edge is not None)
        """What functions of the HTTP API depend on beside their own."""
        self.made: dict[FunctionName, PythonFunction] = {}
        self.with_database: list[PythonFunction] = []
        self.schedules: dict[FunctionName, str] = {}
        """The names of the rules that run functions every minute, by folder."""

    def make(
        self, folder: FunctionName, groups: list[str], *dependencies: str, outside: bool = False
    ) -> PythonFunction:
        """
        A function with the environment of its dependencies, and access to the stores among them, traced, mostly; or
        `outside` of our network, where there is none.
        """
        traced = ("TRACES",) * (folder in TRACED)
        function = PythonFunction(
            self.scope,
            "".join(word.title() for word in folder.split("_")),
            stage=self.stage,
            folder=folder,
            layers=self._layers,
            groups=groups,
            environment={
                f"NATTER_{dependency}__{name}": value
                for dependency in (*dependencies, *traced)
                for name, value in self.settings[dependency].items()
            },
            network=None if outside else Network(vpc=self.network.vpc, security_group=self.network.functions),
            key=self.data.key,
        )
        if traced:
            function.add_to_role_policy(iam.PolicyStatement(actions=list(EXPORT), resources=["*"]))
        if "POSTGRES" in dependencies:
            self.data.database.grant_login(function)
            self.with_database.append(function)
        if "VALKEY" in dependencies and self.stage.valkey_auth == "iam":
            self.data.cache.grant_connect(function)
        self.made[folder] = function
        return function

    def consume(self, function: PythonFunction, topic: str, *, group: str, window_s: int = 0) -> None:
        """`function` reads `topic`, and sets aside what can never be processed."""
        topics = self.streams.topics
        topics.grant_append(function, names.DEAD_TOPIC)
        topics.grant_consume(function, topic, group=group)
        consume(
            function,
            stage=self.stage,
            cluster_arn=self.streams.cluster_arn,
            topic=topic,
            group=group,
            window_s=window_s,
        )

    def every_minute(self, function: PythonFunction, *, enabled: bool = True) -> None:
        """`enabled`: otherwise it is run by who asks for it."""
        name = f"natter-{self.stage.name}-{function.folder}"
        if enabled:
            self.schedules[function.folder] = name
        events.Rule(
            self.scope,
            f"{function.folder.title()}Schedule",
            rule_name=name,
            enabled=enabled,
            schedule=events.Schedule.rate(MINUTE),
            targets=[targets.LambdaFunction(function, retry_attempts=0, max_event_age=MINUTE)],
        )

    def close(self, function: PythonFunction) -> None:
        """It closes connections for good."""
        self.sockets.api.grant_manage_connections(function)
        self.queues.closures.grant_send(function)
