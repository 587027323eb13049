"""
The local cloud: a CDK app on this machine.

    async with Cloud(root) as cloud:
        cloud.app.outputs["HttpUrl"]
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from local.assembly import (
    Assembly,
    Attributes,
    Database,
    Resolver,
    Site,
    api_id,
    build_app,
    databases,
    distribution_name,
    keyspaces,
    rewriter,
    tables,
    topics,
)
from local.certificates import HOST
from local.deployment import DeployFailed, Deployment
from local.doors import Doors, Gate
from local.engines import Engines
from local.faults import Faults
from local.files import raise_limit
from local.gateway.server import DASHBOARDS, Runtime
from local.keyspaces import VARIABLE, Tables, encode
from local.model import App, Function
from local.progress import Progress
from local.provision import LocalStackResources, provision_acls, provision_tables, provision_topics, switches
from local.sources import sns
from local.synthesis import Project
from local.traces.door import PATH as TRACES

SITE = Site(region="us-east-1", account="000000000000")
"""LocalStack's defaults."""

__all__ = ["Cloud", "DeployFailed"]


class Cloud:
    """
    Everything that the app needs, from nothing to ready, and down again.

    Synthesis (only when the app has changed) and the engines start together, and each engine is brought to what the
    templates say as soon as it answers. Then the functions and APIs start, and what runs at deploy runs. One cloud
    per folder at a time.
    """

    app: App
    runtime: Runtime

    def __init__(
        self,
        root: Path,
        progress: Progress | None = None,
        *,
        debug: Sequence[str] | None = None,
        secured: bool = False,
    ) -> None:
        """
        With `debug`, functions of these names, or all, are debugged on the terminal of this process. `secured`: they
        reach the engines as on AWS, through doors that want TLS and to know who comes.
        """
        self.root = root.absolute()
        self._debug = debug
        self.progress = progress or Progress()
        self.project = Project(self.root, secured=secured)
        self.engines = Engines(self.root, self.progress)
        self.doors = Doors(self.engines, SITE) if secured else None
        self._runtime: Runtime | None = None
        self._acls: object = None
        """What Kafka has been told of them: it may be down when the rest is told anew."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """
        Raises:
            AlreadyClaimed: the cloud of this folder runs already.
            SynthesisFailed, ProcessFailed, Unresolvable, ProvisionFailed, DeployFailed, UnknownFunctionError: it could
                not start; all that had started has been stopped again.
        """
        raise_limit()  # before there are children
        await self.engines.start("valkey")  # also claims the folder, or leaves its owner alone
        try:
            if self.doors is not None:
                await self.doors.start()
            self._resolver = await self._prepare()
            self.app = self._build()
            await self._instruct()
            await self._run()
            self._write_outputs()
        except BaseException as failure:  # noqa: BLE001 - also of a cancelled start: nothing may be left running
            await self.stop()
            raise _first(failure) from None

    async def stop(self) -> None:
        """Event sources and connections first, then the functions, then the engines. Harmless if nothing runs."""
        self.outputs_file.unlink(missing_ok=True)
        try:
            if self._runtime is not None:
                await self._runtime.stop()
        finally:
            if self.doors is not None:
                await self.doors.stop()
            await self.engines.stop()

    @property
    def faults(self) -> Faults:
        """What can go wrong on purpose."""
        return Faults(f"http://127.0.0.1:{self.runtime.admin_port}")

    @property
    def dashboards(self) -> list[str]:
        """Where the app's dashboards are drawn."""
        return [f"http://127.0.0.1:{self.runtime.admin_port}{DASHBOARDS}/{each.name}" for each in self.app.dashboards]

    @property
    def tables(self) -> Tables:
        """What is on in the app's tables, for a `Guard` of this process."""
        return switches(tables(self._resolver))

    @property
    def outputs_file(self) -> Path:
        return self.root / ".local" / "outputs.json"

    async def _prepare(self) -> Resolver:
        """Synthesizes and starts the engines, all at once; each engine is provisioned as soon as it answers."""
        async with asyncio.TaskGroup() as group:
            plan = group.create_task(self._plan())
            login = group.create_task(self._prepare_localstack(plan))
            group.create_task(self._prepare_kafka(plan))
            group.create_task(self._prepare_cassandra(plan))
            group.create_task(self._prepare_postgres(login))
            group.create_task(self.engines.webpush.start())
        return plan.result()

    async def _plan(self) -> Resolver:
        if not await asyncio.to_thread(self.project.is_current):
            with self.progress.step("synthesis", done="done"):
                await self.project.synthesize()
        assembly = await asyncio.to_thread(Assembly.load, self.project.output)
        endpoints = self.engines.endpoints() if self.doors is None else self.doors.endpoints
        self._attributes = Attributes(kafka=endpoints.kafka, valkey=endpoints.valkey, postgres=endpoints.postgres)
        rewrite = rewriter(
            SITE,
            cassandra=endpoints.cassandra,
            push_service=endpoints.webpush,
            authority=self.engines.webpush.authority,
            traces=f"http://{HOST}:{self.engines.site.ports['traces']}{TRACES}",
            s3=self.engines.localstack.address if self.doors is None else self.doors.aws,
            apis=self._api_ports(assembly),
            distributions={
                distribution_name(each): self._front_ports(assembly)[each.logical_id]
                for each in assembly.resources("AWS::CloudFront::Distribution")
            },
        )
        return Resolver(assembly, SITE, self._attributes, rewrite)

    async def _prepare_kafka(self, plan: asyncio.Task[Resolver]) -> None:
        await self.engines.kafka.start()
        await asyncio.to_thread(provision_topics, self.engines.kafka.address, topics(await plan))

    async def _prepare_cassandra(self, plan: asyncio.Task[Resolver]) -> None:
        await self.engines.cassandra.start()
        resolver, address = await plan, self.engines.cassandra.address
        await asyncio.to_thread(provision_tables, address, keyspaces(resolver), tables(resolver))

    async def _prepare_localstack(self, plan: asyncio.Task[Resolver]) -> list[Database]:
        await self.engines.localstack.start()
        resolver = await plan
        self._localstack = LocalStackResources(self.engines.localstack.address, resolver, self._attributes)
        with self.progress.step("keys and secrets"):
            await asyncio.to_thread(self._localstack.provision)
            return await asyncio.to_thread(self._localstack.logins, databases(resolver))

    async def _prepare_postgres(self, logins: asyncio.Task[list[Database]]) -> None:
        await self.engines.postgres.start()
        await self._let_in(await logins)

    async def _let_in(self, logins: list[Database]) -> None:
        for database in logins:
            await self.engines.postgres.ensure_login(database.user, database.password, database.name)
        if self.doors is not None:
            self.doors.let_in(await asyncio.to_thread(self._localstack.proxied_roles))

    async def _restore(self, engine: str) -> None:
        """
        What an engine that was started again does not have any more is made again.

        LocalStack's keys and secrets are others then, as after a new deployment: the functions are told.
        """
        if engine != self.engines.localstack.name:
            return
        await asyncio.to_thread(self._localstack.provision)
        await self._let_in(await asyncio.to_thread(self._localstack.logins, databases(self._resolver)))
        await self._subscribe()
        await self._rebuild()
        await asyncio.to_thread(self._localstack.provision_files)
        await self._set_alarms()
        self._write_outputs()
        self.runtime.functions.redefine(self.app.functions)

    def _api_ports(self, assembly: Assembly) -> Mapping[str, int]:
        """Remembered by logical id, so that the URLs stay the same from run to run."""
        return {
            api_id(api): self.engines.site.ports[f"api {api.logical_id}"]
            for api in assembly.resources("AWS::ApiGatewayV2::Api")
        }

    def _front_ports(self, assembly: Assembly) -> Mapping[str, int]:
        """Of distributions, by logical id."""
        return {
            each.logical_id: self.engines.site.ports[f"distribution {each.logical_id}"]
            for each in assembly.resources("AWS::CloudFront::Distribution")
        }

    def _build(self) -> App:
        assembly = self._resolver.assembly
        return build_app(self._resolver, self._api_ports(assembly), self._front_ports(assembly))

    async def _run(self) -> None:
        admin_port, gate_port = self.engines.site.ports["admin"], self.engines.site.ports["gate"]
        self.runtime = self._runtime = Runtime(
            self.app,
            interpreter=self.root / ".local" / "venvs" / "runtime" / "bin" / "python",
            root=self.root,
            kafka_bootstrap=self.engines.kafka.address,
            localstack_url=self.engines.localstack.address,
            engines={engine.name: engine for engine in self.engines},
            restore=self._restore,
            extra_env={
                "AWS_ENDPOINT_URL": self.engines.localstack.address,
                "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{admin_port}",
                VARIABLE: encode(self.tables),
                **(self.doors.environment if self.doors else Gate.environment(gate_port)),
            },
            doors=self.doors,
            admin_port=admin_port,
            gate_port=gate_port,
            traces_port=self.engines.site.ports["traces"],
            debug=self._debug,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(self._set_alarms())
            with self.progress.step("functions"):
                await self.runtime.start()
                await self._subscribe()
                await self._deploy()

    async def _deploy(self) -> None:
        """What runs at deploy; then the functions learn what the custom resources are."""
        deployment = Deployment(self._resolver, self._attributes, self.runtime.functions)
        if await deployment.make_custom_resources():
            self.runtime.functions.redefine(await self._rebuild())
        for task in self.app.deploy_tasks:
            with self.progress.step(task.logical_id.lower(), done="done"):
                await deployment.run(task)
        await asyncio.to_thread(self._localstack.provision_files)

    async def _subscribe(self) -> None:
        """Topics ask functions for a confirmation, so the functions' address has to serve already."""
        port = self.runtime.admin_port
        await asyncio.to_thread(self._localstack.provision_subscriptions, lambda arn: sns.endpoint(port, arn))

    async def _set_alarms(self) -> None:
        """Nothing refers to them, so they may come last. What LocalStack does not evaluate is evaluated here."""
        await asyncio.to_thread(self._localstack.provision_alarms)
        if self.runtime.metrics is not None:
            left = [alarm for alarm in self.app.alarms if not alarm.simple]
            self.runtime.metrics.watch(left, self.app.composite_alarms)
            self.runtime.metrics.chart(self.app.dashboards)

    def _write_outputs(self) -> None:
        self.outputs_file.write_text(json.dumps(dict(self.app.outputs), indent=2) + "\n")

    async def _rebuild(self) -> list[Function]:
        """Resources are others now: the functions that see a difference."""
        before = {function.name: function for function in self.app.functions}
        self.app = self._build()
        await self._instruct()
        return [function for function in self.app.functions if function != before.get(function.name)]

    async def _instruct(self) -> None:
        """The doors, and Kafka behind one of them: about what the roles may do, and whose they are."""
        if self.doors is None:
            return
        self.doors.learn(self._resolver)
        self.doors.introduce(self.app.functions)
        if (lists := self.doors.acls) != self._acls:
            await asyncio.to_thread(provision_acls, self.engines.kafka.address, lists)
            self._acls = lists


def _first(failure: BaseException) -> BaseException:
    """What went wrong first: the others of a group are only its consequences."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure
