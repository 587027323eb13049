from aws_cdk import Aws, CfnOutput, Stack, triggers
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.blocks.environment import environment
from infra.blocks.queries import saved_queries
from infra.config import Stage
from infra.stacks import messages, people, signals, visitors
from infra.stacks.data import DataStack
from infra.stacks.functions import Functions
from infra.stacks.network import NetworkStack
from infra.stacks.streams import StreamsStack
from natter import names


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
        functions = self.functions = Functions(self, stage=stage, network=network, data=data, streams=streams)
        people.push_platforms(functions)
        people.people(functions)
        messages.conversations(functions)
        messages.deliveries(functions)
        messages.settle_files(functions)
        signals.close_connections(functions)
        signals.signals(functions)
        signals.presence(functions)
        signals.pushes(functions)
        signals.rebuild(functions)
        self._relay()
        self._reconcile()
        people.erase(functions)
        people.export(functions)
        visitors.visitors(functions)
        self._migrate()
        functions.http.finish()
        functions.sockets.finish()
        saved_queries(self, stage=stage, functions=functions.made)

        CfnOutput(self, "AppUrl", value=functions.http.front.url)
        CfnOutput(self, "HttpUrl", value=functions.http.url)
        CfnOutput(self, "WebSocketUrl", value=functions.sockets.url)
        CfnOutput(self, "Region", value=Aws.REGION)
        CfnOutput(self, "Stage", value=stage.name)
        for host in stage.web_push_private_hosts:
            CfnOutput(self, "PushService", value=f"https://{host}")
        if stage.web_push_ca_file is not None:
            CfnOutput(self, "PushServiceCa", value=stage.web_push_ca_file)

    def _relay(self) -> None:
        """Every minute: what was decided of conversations and not told. A turn that was missed is of no use later."""
        relay = self.functions.make("relay", ["core", "streams", "users"], "POSTGRES", "VALKEY", "KAFKA")
        self.functions.streams.topics.grant_append(relay, names.COMMANDS_TOPIC)
        self.functions.every_minute(relay)

    def _reconcile(self) -> None:
        """Every minute: what was accepted is looked for where it has to be. It can change nothing but its own place."""
        reconcile = self.functions.make("reconcile", ["core", "streams", "tables"], "KAFKA", "KEYSPACES")
        topics = self.functions.streams.topics
        topics.grant_read(reconcile, names.COMMANDS_TOPIC, group=names.PERSIST_GROUP)
        topics.grant_read(reconcile, names.DEAD_TOPIC, group=names.LEDGER_GROUP)
        topics.grant_keep_place(reconcile, group=names.LEDGER_GROUP)
        self.functions.data.tables.grant(reconcile, read=("client_ids", "events", "heads", "rosters", "cursors"))
        self.functions.every_minute(reconcile)

    def _migrate(self) -> None:
        """The schema is brought up to date before any function that relies on it is changed."""
        relying = list(self.functions.with_database)
        migrate = self.functions.make("migrate", ["core", "users", "migrations"], "POSTGRES", "OWNER")
        self.functions.data.database.grant_own(migrate)
        migration = triggers.Trigger(
            self, "Migration", handler=migrate, timeout=migrate.time_limit, execute_before=relying
        )
        triggers.Trigger(  # at a first deployment there is nobody to sign in as before
            self,
            "Registry",
            handler=self.functions.made["rebuild"],
            invocation_type=triggers.InvocationType.EVENT,
            execute_after=[migration],
        )
        self._rotate_login(after=migration)

    def _rotate_login(self, *, after: Construct) -> None:
        """
        Another password for what functions sign in as. The first one is taken by the migration, without which this
        would be tried on a role that is not there.
        """
        database = self.functions.data.database
        rotate = self.functions.make("rotate_login", ["core", "users"], "POSTGRES", "OWNER")
        database.grant_own(rotate)
        database.grant_rotate(rotate)
        if self.functions.stage.rotate_login_days is None:
            return
        caller = iam.ServicePrincipal("secretsmanager.amazonaws.com")
        rotate.add_permission("Rotation", principal=caller, source_account=Aws.ACCOUNT_ID)
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "LoginRotation",
            secret_id=database.secret.secret_arn,
            rotation_lambda_arn=rotate.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                automatically_after_days=self.functions.stage.rotate_login_days
            ),
            rotate_immediately_on_update=False,
        )
        schedule.node.add_dependency(after, rotate)
