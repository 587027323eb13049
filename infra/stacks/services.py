from dataclasses import asdict

from aws_cdk import Aws, CfnOutput, Duration, Stack, triggers
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.blocks.consumer import consume
from infra.blocks.environment import environment
from infra.blocks.http import Http
from infra.blocks.layers import Layers
from infra.blocks.push_platforms import PushPlatforms
from infra.blocks.python_function import PythonFunction
from infra.blocks.queues import Queues
from infra.blocks.sockets import Sockets
from infra.config import FunctionName, Stage
from infra.stacks.data import DataStack
from infra.stacks.network import NetworkStack
from infra.stacks.settings import settings_of
from infra.stacks.streams import StreamsStack
from natter import names

PERSIST_GROUP = f"natter-persist-{names.EPOCH}"
FANOUT_GROUP = f"natter-fanout-{names.EPOCH}"
RECEIPTS_GROUP = f"natter-receipts-{names.EPOCH}"
PUSH_GROUP = f"natter-push-{names.EPOCH}"
PRESENCE_GROUP = f"natter-presence-{names.EPOCH}"
RECEIPTS_WINDOW_S = 1
"""How long receipts are gathered: of what one member says meanwhile, only the furthest is stored and shown."""
PUSH_WINDOW_S = 1
"""How long messages are gathered that are queued together: they wait for two seconds before anybody is woken."""

MINUTE = Duration.minutes(1)


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
        super().__init__(scope, id_, env=environment(stage))
        self._stage, self._network, self._data, self._streams = stage, network, data, streams
        self._layers = Layers(self, "Layers", stage=stage)
        self.sockets = Sockets(self, "Sockets", stage=stage, key=data.key)
        self.http = Http(self, "Http", stage=stage, key=data.key)
        self.queues = Queues(self, stage=stage, key=data.key)
        self._settings = settings_of(stage=stage, data=data, streams=streams, sockets=self.sockets, queues=self.queues)
        self.functions: dict[FunctionName, PythonFunction] = {}
        self._with_database: list[PythonFunction] = []

        self.push_platforms = self._push_platforms()
        self._settings["PUSH"] = self.push_platforms.settings
        self._people()
        self._conversations()
        self._deliveries()
        self._settle_files()
        self._close_connections()
        self._signals()
        self._presence()
        self._pushes()
        self._rebuild()
        self._relay()
        self._erase()
        self._export()
        self._migrate()

        CfnOutput(self, "HttpUrl", value=self.http.url)
        CfnOutput(self, "WebSocketUrl", value=self.sockets.url)
        CfnOutput(self, "Region", value=Aws.REGION)
        CfnOutput(self, "Stage", value=stage.name)

    def _push_platforms(self) -> PushPlatforms:
        """Before all that wakes devices, or registers them: they are told what it has made."""
        function = self._function("push_platforms", ["core"], "CREDENTIALS")
        self._data.push_credentials.grant_read(function)
        return PushPlatforms(self, "MobilePush", stage=self._stage, function=function)

    def _people(self) -> None:
        """Who is who, and who is connected."""
        data, topics = self._data, self._streams.topics
        authorize = self._function("authorize", ["core", "users"], "POSTGRES", "VALKEY", "TOKENS")
        connect = self._function(
            "connect", ["core", "streams", "users"], "POSTGRES", "VALKEY", "KAFKA", "SOCKETS", "CLOSURES"
        )
        disconnect = self._function("disconnect", ["core", "streams"], "VALKEY", "KAFKA", "SOCKETS")
        stores = ("POSTGRES", "VALKEY", "TOKENS", "SOCKETS", "LIMITS", "ATTACHMENTS", "EXPORTER", "CLOSURES")
        users_api = self._function("users_api", ["core", "users"], *stores, "PUSH", "WEB_PUSH")
        for function in (connect, disconnect):
            topics.grant_append(function, names.CONNECTIONS_TOPIC)
        for key in data.token_keys:
            key.grant(authorize, "kms:GetPublicKey")
            key.grant(users_api, "kms:GetPublicKey", "kms:Sign")  # also the last one, until its environment is gone
        data.web_push_keys.grant_read(users_api)  # says which key browsers subscribe with
        if self._stage.oidc is not None:
            for name, value in asdict(self._stage.oidc).items():
                users_api.add_environment(f"NATTER_OIDC__{name.upper()}", value)
        self.push_platforms.grant_register(users_api)
        self._closes(users_api)  # those of a session that ends
        self._closes(connect)  # the oldest of too many

        self.sockets.connect(connect, authorizer=authorize)
        self.sockets.route("$disconnect", disconnect, answers=False)
        self.http.serve(
            users_api,
            *("ANY /v1/users", "ANY /v1/users/{proxy+}"),
            *("ANY /v1/sessions", "ANY /v1/sessions/{proxy+}"),
            *("ANY /v1/tickets", "ANY /v1/tickets/{proxy+}"),
            *("ANY /v1/contacts", "ANY /v1/contacts/{proxy+}"),
            *("ANY /v1/blocks", "ANY /v1/blocks/{proxy+}"),
            *("ANY /v1/devices", "ANY /v1/devices/{proxy+}", "ANY /v1/presence"),
            "ANY /v1/push/web-key",
            "ANY /.well-known/jwks.json",
            "$default",
        )

    def _conversations(self) -> None:
        """The path of a message: `send` appends, `persist` sequences, stores and delivers, `chat_api` reads."""
        data, topics = self._data, self._streams.topics
        send = self._function(
            "send",
            ["core", "streams", "users", "tables"],
            *("KAFKA", "VALKEY", "POSTGRES", "KEYSPACES", "SOCKETS", "ATTACHMENTS", "CLOSURES", "LIMITS"),
        )
        persist = self._function(
            "persist",
            ["core", "streams", "tables"],
            "KAFKA",
            "KEYSPACES",
            "VALKEY",
            "SOCKETS",
            "DELIVERIES",
            "CLOSURES",
            "FILES",
            "REBUILDS",
        )
        chat_api = self._function(
            "chat_api",
            ["core", "users", "streams", "tables"],
            *("POSTGRES", "VALKEY", "TOKENS", "KAFKA", "KEYSPACES", "ATTACHMENTS", "LIMITS"),
        )
        if self._stage.content_check is not None:
            send.add_environment("NATTER_CONTENT_CHECK", self._stage.content_check)
        topics.grant_append(send, names.COMMANDS_TOPIC)
        topics.grant_append(chat_api, names.COMMANDS_TOPIC)
        topics.grant_append(persist, names.EVENTS_TOPIC, names.FANOUT_TOPIC)
        data.tables.grant(
            persist,
            write=(
                *("events", "client_ids", "heads", "message_states", "reaction_marks", "rosters", "standings"),
                *("cursors", "files"),
            ),
        )
        data.tables.grant(
            chat_api,
            read=("events", "message_states", "reaction_marks", "heads", "standings", "cursors", "files"),
        )
        data.tables.grant(send, read=("client_ids",))  # whether what shows a file that is not there is a retry
        for key in data.token_keys:
            key.grant(chat_api, "kms:GetPublicKey")
        data.attachments.grant_exchange(chat_api)
        data.attachments.grant_hold(send)
        self.queues.slices.grant_send(persist)
        self.queues.files.grant_send(persist)
        for function in (send, persist):  # those that have outlived their session, or to whom nothing else gets through
            self._closes(function)
        self.sockets.api.grant_manage_connections(chat_api)  # one's other devices are told of one's settings

        for action in ("send", "edit", "delete", "react"):
            self.sockets.route(action, send, answers=True)
        self.http.serve(
            chat_api,
            *("ANY /v1/conversations", "ANY /v1/conversations/{proxy+}"),
            *("ANY /v1/sync", "ANY /v1/reports", "ANY /v1/health"),
        )
        self._consume(persist, names.COMMANDS_TOPIC, group=PERSIST_GROUP)

    def _deliveries(self) -> None:
        """What `persist` does not deliver itself: `fanout` cuts it into slices, `post_slice` posts them in parallel."""
        data = self._data
        fanout = self._function(
            "fanout", ["core", "streams", "tables"], "KAFKA", "KEYSPACES", "VALKEY", "DELIVERIES", "REBUILDS"
        )
        post_slice = self._function("post_slice", ["core", "tables"], "KEYSPACES", "VALKEY", "DELIVERIES", "CLOSURES")
        data.tables.grant(fanout, read=("rosters",))
        data.tables.grant(post_slice, read=("events",))
        for function in (fanout, post_slice):
            self.queues.slices.grant_send(function)
        self._closes(post_slice)

        self._consume(fanout, names.FANOUT_TOPIC, group=FANOUT_GROUP)
        self.queues.slices.work(post_slice, comes_again=True)

    def _settle_files(self) -> None:
        """Keeps what messages show. `persist` does not do it itself: S3 must not hold up a partition."""
        data = self._data
        settle_files = self._function("settle_files", ["core", "tables"], "KEYSPACES", "ATTACHMENTS")
        data.tables.grant(
            settle_files,
            read=("heads", "events", "message_states", "reaction_marks", "standings"),
            write=("files",),
        )
        data.attachments.grant_settle(settle_files)
        self.queues.files.work(settle_files)

    def _close_connections(self) -> None:
        """Connections that are not closed yet, though they were to be: their upgrade was under way."""
        close_connections = self._function("close_connections", ["core"], "VALKEY", "CLOSURES")
        self._closes(close_connections)
        self.queues.closures.work(close_connections, comes_again=True)

    def _closes(self, function: PythonFunction) -> None:
        """It closes connections for good."""
        self.sockets.api.grant_manage_connections(function)
        self.queues.closures.grant_send(function)

    def _signals(self) -> None:
        """What leaves nothing in a conversation: `signal` takes it, `receipts` moves cursors; both tell the others."""
        data, topics = self._data, self._streams.topics
        stores = ("POSTGRES", "VALKEY", "KAFKA", "KEYSPACES", "SOCKETS")
        signal = self._function("signal", ["core", "users", "streams", "tables"], *stores, "CLOSURES", "LIMITS")
        receipts = self._function("receipts", ["core", "users", "streams", "tables"], *stores, "WAVES")
        topics.grant_append(signal, names.RECEIPTS_TOPIC, names.CONNECTIONS_TOPIC)
        topics.grant_append(self.functions["chat_api"], names.RECEIPTS_TOPIC)
        data.tables.grant(signal, read=("heads",))
        data.tables.grant(receipts, read=("events", "heads"), write=("cursors",))
        self.sockets.api.grant_manage_connections(receipts)
        self._closes(signal)  # those that have outlived their session

        for action in ("ping", "read", "delivered", "typing", "watch", "status", "$default"):
            self.sockets.route(action, signal, answers=True)
        self._consume(receipts, names.RECEIPTS_TOPIC, group=RECEIPTS_GROUP, window_s=RECEIPTS_WINDOW_S)

    def _presence(self) -> None:
        """Tells who watches somebody how they are: when connections come and go, and when the grace after is over."""
        presence = self._function(
            "presence", ["core", "users", "streams"], "POSTGRES", "VALKEY", "KAFKA", "SOCKETS", "LOOKS", "REBUILDS"
        )
        self.queues.looks.grant_send(presence)
        self.sockets.api.grant_manage_connections(presence)
        self._consume(presence, names.CONNECTIONS_TOPIC, group=PRESENCE_GROUP)
        self.queues.looks.work(presence, comes_again=True)

    def _pushes(self) -> None:
        """`push` has everybody looked at who may have to be woken, `wake` looks, and wakes those who are away."""
        data = self._data
        push = self._function("push", ["core", "streams", "users", "tables"], "POSTGRES", "KAFKA", "KEYSPACES", "WAVES")
        stores = ("POSTGRES", "VALKEY", "KEYSPACES", "ATTACHMENTS", "WAVES")
        wake = self._function("wake", ["core", "users", "tables"], *stores, "WEB_PUSH")
        data.tables.grant(push, read=("rosters",))
        data.tables.grant(wake, read=("heads", "events", "message_states", "reaction_marks", "standings", "cursors"))
        data.attachments.grant_describe(wake)
        data.web_push_keys.grant_read(wake)
        self.push_platforms.grant_push(wake)
        for function in (push, wake, self.functions["receipts"]):  # who reads something has another badge elsewhere
            self.queues.waves.grant_send(function)
        self._consume(push, names.EVENTS_TOPIC, group=PUSH_GROUP, window_s=PUSH_WINDOW_S)
        self.queues.waves.work(wake, comes_again=True)

    def _rebuild(self) -> None:
        """
        Rebuilds the registry of connections from the log: asked by who finds out that it has lost data, every minute,
        and once at every deployment, since an empty cache looks like one that has lost everything.
        """
        rebuild = self._function(
            "rebuild", ["core", "streams", "users"], "POSTGRES", "VALKEY", "KAFKA", "CLOSURES", "REBUILDS", "REBUILDING"
        )
        self._streams.topics.grant_read(rebuild, names.CONNECTIONS_TOPIC, group=names.REBUILD_GROUP)
        self.sockets.api.grant_manage_connections(rebuild)  # those whose session has ended meanwhile
        self.queues.closures.grant_send(rebuild)
        for name in ("persist", "fanout", "presence", "rebuild"):
            self.queues.rebuilds.grant_send(self.functions[name])
        self.queues.rebuilds.work(rebuild, comes_again=True)
        self._every_minute(rebuild)
        # What runs triggers may invoke this function, so this function cannot wait for the one that migrates. All that
        # it asks the database is which sessions are live, and at the first deployment nothing.
        self._with_database.remove(rebuild)
        triggers.Trigger(self, "Registry", handler=rebuild, invocation_type=triggers.InvocationType.EVENT)

    def _relay(self) -> None:
        """Every minute: what was decided of conversations and not told. A turn that was missed is of no use later."""
        relay = self._function("relay", ["core", "streams", "users"], "POSTGRES", "VALKEY", "KAFKA")
        self._streams.topics.grant_append(relay, names.COMMANDS_TOPIC)
        self._every_minute(relay)

    def _erase(self) -> None:
        """Every minute: goes on with the erasures that are not done."""
        data = self._data
        stores = ("POSTGRES", "VALKEY", "KAFKA", "KEYSPACES", "ATTACHMENTS", "CLOSURES")
        erase = self._function("erase", ["core", "streams", "users", "tables"], *stores)
        self._streams.topics.grant_append(erase, names.COMMANDS_TOPIC)
        data.tables.grant(erase, read=("heads", "standings"), write=("events", "cursors", "files"))
        data.attachments.grant_erase(erase)
        self.push_platforms.grant_remove(erase)
        self._closes(erase)  # connections that the request has left open
        self._every_minute(erase)

    def _export(self) -> None:
        """Makes archives. One that fails is not tried again by itself: who waits for it asks again."""
        data, users_api = self._data, self.functions["users_api"]
        export = self._function("export", ["core", "users", "tables"], "POSTGRES", "KEYSPACES", "ATTACHMENTS")
        export.configure_async_invoke(retry_attempts=0)
        export.grant_invoke(users_api)
        data.tables.grant(export, read=("events", "heads", "standings"))
        data.attachments.grant_export(export)
        data.attachments.grant_link_exports(users_api)

    def _consume(self, function: PythonFunction, topic: str, *, group: str, window_s: int = 0) -> None:
        """`function` reads `topic`, and sets aside what can never be processed."""
        topics = self._streams.topics
        topics.grant_append(function, names.DEAD_TOPIC)
        topics.grant_consume(function, topic, group=group)
        consume(
            function,
            stage=self._stage,
            cluster_arn=self._streams.cluster_arn,
            topic=topic,
            group=group,
            window_s=window_s,
        )

    def _every_minute(self, function: PythonFunction) -> None:
        events.Rule(
            self,
            f"{function.folder.title()}Schedule",
            rule_name=f"natter-{self._stage.name}-{function.folder}",
            schedule=events.Schedule.rate(MINUTE),
            targets=[targets.LambdaFunction(function, retry_attempts=0, max_event_age=MINUTE)],
        )

    def _migrate(self) -> None:
        """The schema is brought up to date before any function that relies on it is changed."""
        relying = list(self._with_database)
        migrate = self._function("migrate", ["core", "users", "migrations"], "POSTGRES", "OWNER")
        self._data.database.grant_own(migrate)
        migration = triggers.Trigger(
            self, "Migration", handler=migrate, timeout=migrate.time_limit, execute_before=relying
        )
        self._rotate_login(after=migration)

    def _rotate_login(self, *, after: Construct) -> None:
        """
        Another password for what functions sign in as. The first one is taken by the migration, without which this
        would be tried on a role that is not there.
        """
        database = self._data.database
        rotate = self._function("rotate_login", ["core", "users"], "POSTGRES", "OWNER")
        database.grant_own(rotate)
        database.grant_rotate(rotate)
        if self._stage.rotate_login_days is None:
            return
        caller = iam.ServicePrincipal("secretsmanager.amazonaws.com")
        rotate.add_permission("Rotation", principal=caller, source_account=Aws.ACCOUNT_ID)
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "LoginRotation",
            secret_id=database.secret.secret_arn,
            rotation_lambda_arn=rotate.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                automatically_after_days=self._stage.rotate_login_days
            ),
            rotate_immediately_on_update=False,
        )
        schedule.node.add_dependency(after, rotate)

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
                for name, value in self._settings[dependency].items()
            },
            vpc=self._network.vpc,
            security_group=self._network.functions,
            key=self._data.key,
        )
        if "POSTGRES" in dependencies:
            self._data.database.grant_login(function)
            self._with_database.append(function)
        if "VALKEY" in dependencies and self._stage.valkey_auth == "iam":
            self._data.cache.grant_connect(function)
        self.functions[folder] = function
        return function
