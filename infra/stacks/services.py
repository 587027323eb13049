from aws_cdk import Aws, CfnOutput, Stack, triggers
from constructs import Construct

from infra.blocks.consumer import consume
from infra.blocks.http import Http
from infra.blocks.layers import Layers
from infra.blocks.python_function import PythonFunction
from infra.blocks.sockets import Sockets
from infra.config import FunctionName, Stage
from infra.stacks.data import DataStack
from infra.stacks.network import NetworkStack
from infra.stacks.streams import StreamsStack
from natter import names

PERSIST_GROUP = f"natter-persist-{names.EPOCH}"


class ServicesStack(Stack):
    """The functions, what calls them, what they are told (environment) and what they may do (grants)."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        network: NetworkStack,
        data: DataStack,
        streams: StreamsStack,
    ) -> None:
        super().__init__(scope, id_)
        self._stage, self._network, self._data, self._streams = stage, network, data, streams
        self._layers = Layers(self, "Layers", stage=stage)
        self.sockets = Sockets(self, "Sockets", stage=stage, key=data.key)
        self.http = Http(self, "Http", stage=stage, key=data.key)
        self.functions: dict[FunctionName, PythonFunction] = {}

        self._people()
        self._conversations()
        self._migrate()

        CfnOutput(self, "HttpUrl", value=self.http.url)
        CfnOutput(self, "WebSocketUrl", value=self.sockets.url)
        CfnOutput(self, "Region", value=Aws.REGION)
        CfnOutput(self, "Stage", value=stage.name)

    def _people(self) -> None:
        """Who is who, and who is connected."""
        data, topics = self._data, self._streams.topics
        authorize = self._function("authorize", ["core", "users"], "POSTGRES", "VALKEY", "TOKENS")
        connect = self._function("connect", ["core", "streams", "users"], "POSTGRES", "VALKEY", "KAFKA", "SOCKETS")
        disconnect = self._function("disconnect", ["core", "streams"], "VALKEY", "KAFKA", "SOCKETS")
        signal = self._function("signal", ["core"], "VALKEY", "SOCKETS")
        users_api = self._function("users_api", ["core", "users"], "POSTGRES", "VALKEY", "TOKENS", "SOCKETS", "LIMITS")
        for function in (connect, disconnect):
            topics.grant_append(function, names.CONNECTIONS_TOPIC)
        data.token_key.grant(authorize, "kms:GetPublicKey")
        data.token_key.grant(users_api, "kms:GetPublicKey", "kms:Sign")
        self.sockets.api.grant_manage_connections(users_api)  # an ended session's connections are closed

        self.sockets.connect(connect, authorizer=authorize)
        self.sockets.route("$disconnect", disconnect, answers=False)
        self.sockets.route("ping", signal, answers=True)
        self.sockets.route("$default", signal, answers=True)
        self.http.serve(
            users_api,
            *("ANY /v1/users", "ANY /v1/users/{proxy+}"),
            *("ANY /v1/sessions", "ANY /v1/sessions/{proxy+}"),
            *("ANY /v1/tickets", "ANY /v1/tickets/{proxy+}"),
            "$default",
        )

    def _conversations(self) -> None:
        """The path of a message: `send` appends, `persist` sequences, stores and delivers, `chat_api` reads."""
        data, topics = self._data, self._streams.topics
        send = self._function("send", ["core", "streams", "users"], "KAFKA", "VALKEY", "POSTGRES", "SOCKETS")
        persist = self._function("persist", ["core", "streams", "tables"], "KAFKA", "KEYSPACES", "VALKEY", "SOCKETS")
        chat_api = self._function(
            "chat_api", ["core", "users", "streams", "tables"], "POSTGRES", "VALKEY", "TOKENS", "KAFKA", "KEYSPACES"
        )
        topics.grant_append(send, names.COMMANDS_TOPIC)
        topics.grant_append(chat_api, names.COMMANDS_TOPIC)
        topics.grant_append(persist, names.EVENTS_TOPIC, names.DEAD_TOPIC)
        topics.grant_consume(persist, names.COMMANDS_TOPIC, group=PERSIST_GROUP)
        data.tables.grant(persist, write=("events", "client_ids", "heads", "effects", "memberships", "cursors"))
        data.tables.grant(chat_api, read=("events", "heads", "memberships", "cursors"))
        data.token_key.grant(chat_api, "kms:GetPublicKey")
        self.sockets.api.grant_manage_connections(persist)

        self.sockets.route("send", send, answers=True)
        self.http.serve(
            chat_api,
            *("ANY /v1/conversations", "ANY /v1/conversations/{proxy+}"),
            *("POST /v1/sync", "GET /v1/health"),
        )
        consume(
            persist,
            stage=self._stage,
            cluster_arn=self._streams.cluster_arn,
            topic=names.COMMANDS_TOPIC,
            group=PERSIST_GROUP,
        )

    def _migrate(self) -> None:
        """The schema is brought up to date before any function that relies on it is changed."""
        migrate = self._function("migrate", ["core", "users", "migrations"], "POSTGRES")
        triggers.Trigger(
            self,
            "Migration",
            handler=migrate,
            timeout=migrate.time_limit,
            execute_before=[self.functions[name] for name in ("authorize", "connect", "send", "users_api", "chat_api")],
        )

    def _function(self, folder: FunctionName, groups: list[str], *dependencies: str) -> PythonFunction:
        """A function with the environment of its dependencies, and access to the stores among them."""
        function = PythonFunction(
            self,
            "".join(word.title() for word in folder.split("_")),
            stage=self._stage,
            folder=folder,
            layers=self._layers,
            groups=groups,
            environment={
                f"NATTER_{dependency}__{name}": value
                for dependency in dependencies
                for name, value in self._settings(dependency).items()
            },
            vpc=self._network.vpc,
            security_group=self._network.functions,
            key=self._data.key,
        )
        if "POSTGRES" in dependencies:
            self._data.database.grant_login(function)
        if "VALKEY" in dependencies and self._stage.valkey_auth == "iam":
            self._data.cache.grant_connect(function)
        self.functions[folder] = function
        return function

    def _settings(self, dependency: str) -> dict[str, str]:
        """What a function must know about one dependency; `natter.settings` has the other half."""
        stage, data = self._stage, self._data
        settings = {
            "KAFKA": {"BROKERS": self._streams.brokers, "AUTH": stage.kafka_auth},
            "KEYSPACES": {
                "ENDPOINT": f"cassandra.{Aws.REGION}.{Aws.URL_SUFFIX}:9142",
                "KEYSPACE": data.tables.keyspace,
                "AUTH": stage.keyspaces_auth,
            },
            "VALKEY": {
                "ENDPOINT": data.cache.endpoint,
                "AUTH": stage.valkey_auth,
                "USER": data.cache.user_name,
                "CACHE": data.cache.name,
            },
            "POSTGRES": {
                "ENDPOINT": f"{data.database.proxy.endpoint}:{data.database.port}",
                "DATABASE": names.DATABASE,
                "SECRET_ARN": data.database.secret.secret_arn,
                "TLS": stage.postgres_tls,
            },
            "TOKENS": {"KEY_ARN": data.token_key.key_arn},
            "SOCKETS": {"URL": self.sockets.url, "ENDPOINT": self.sockets.management_endpoint},
            "LIMITS": {"PER_ADDRESS": str(stage.limit_per_address).lower()},
        }
        return settings[dependency]
