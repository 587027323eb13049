"""All doors of one cloud."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.assembly import Resolver, Site
from local.engines import Endpoints, Engines, EngineUnavailable
from local.faults.calls import CallFaults
from local.runtime.http1 import Exchange

from .authority import HOST, make_authority
from .aws import AwsDoor
from .cassandra import CassandraDoor
from .door import Door
from .iam import Grants, grants
from .identities import BadSignature, Identities, Identity
from .kafka import KafkaDoor
from .keys import keys
from .postgres import PostgresDoor
from .refusals import Denied
from .requests import request_of
from .valkey import ValkeyDoor, cache_users

_logger = logging.getLogger(__name__)
NAMES = ("cassandra", "kafka", "postgres", "valkey")


class Doors:
    """
    A door in front of each engine that functions speak to, and in front of @connections.

    `start` before the engines: one of them advertises its door. What the templates say is learned as it becomes known;
    until then nobody is let in.
    """

    def __init__(self, engines: Engines, site: Site) -> None:
        self.identities = Identities()
        self._engines = engines
        self._site = site
        self._addresses = {name: f"{HOST}:{engines.site.ports[f'{name}-door']}" for name in NAMES}
        self._folder = engines.site.state / "doors"
        self._grants = Grants({})
        self.of_engines: dict[str, Door] = {}
        """Those that are open, by the engine to which each leads."""
        self._authorities = Path()
        self._clusters: list[str] = []

    @property
    def endpoints(self) -> Endpoints:
        """Where functions find the engines."""
        return replace(self._engines.endpoints(), **self._addresses)

    async def start(self) -> None:
        """
        Make this run's authority, and serve.

        Raises:
            OSError: a port is taken.
            EngineUnavailable: Kafka is someone else's: it would send its clients to itself.
        """
        kafka = self._engines.kafka
        if kafka.external:
            raise EngineUnavailable(f"with --secured, Kafka is started here: {kafka.variable} cannot be used")
        self._authorities, tls = await asyncio.to_thread(make_authority, self._folder)
        ports = {name: int(address.rpartition(":")[2]) for name, address in self._addresses.items()}
        known: dict[str, Any] = {"tls": tls, "identities": self.identities, "region": self._site.region}
        behind = self._engines.endpoints()
        self._valkey = ValkeyDoor(ports["valkey"], behind=behind.valkey, may=self.may_use_cache, **known)
        self._postgres = PostgresDoor(ports["postgres"], tls=tls, behind=behind.postgres)
        self._cassandra = CassandraDoor(ports["cassandra"], behind=behind.cassandra, may=self.may_use_tables, **known)
        self._kafka = KafkaDoor(ports["kafka"], behind=kafka.behind_door, may=self.may_connect, **known)
        self._aws = AwsDoor(
            self._engines.site.ports["localstack-door"],
            behind=behind.localstack,
            identities=self.identities,
            region=self._site.region,
            account=self._site.account,
        )
        kafka.door = self._kafka.address
        self.of_engines = {each.name: each for each in (self._valkey, self._postgres, self._cassandra, self._kafka)}
        for door in self._all:
            await door.start()

    async def stop(self) -> None:
        """Harmless if none is open."""
        await asyncio.gather(*(door.stop() for door in self._all))

    @property
    def _all(self) -> list[Door | AwsDoor]:
        return [*self.of_engines.values(), self._aws] if self.of_engines else []

    def learn(self, resolver: Resolver) -> None:
        """
        Who may do what, from the templates; again when resources have other names than before.

        Raises:
            Unresolvable: a policy is not understood.
        """
        self._grants = self._aws.grants = grants(resolver)
        self._aws.keys = keys(resolver)
        self._valkey.users = {user.name: user for user in cache_users(resolver)}
        self._clusters = [
            str(resolver.attribute(cluster.stack, cluster.logical_id, "Arn"))
            for cluster in resolver.assembly.resources("AWS::MSK::Cluster")
        ]

    def fail(self, faults: CallFaults) -> None:
        """Have calls of AWS's services fail on purpose."""
        self._aws.faults = faults

    def let_in(self, roles: Iterable[str]) -> None:
        """These are the roles of the database whose secrets the proxy has."""
        self._postgres.roles = set(roles)

    @property
    def environment(self) -> dict[str, str]:
        """
        Of every function: where AWS's services are, and whom to trust. Lambda's runtime has such a file where its TLS
        looks for it.
        """
        return {"AWS_ENDPOINT_URL": f"http://{self._aws.address}", "SSL_CERT_FILE": str(self._authorities)}

    def credentials(self, role: str) -> Mapping[str, str]:
        """Of a function with that role, in its environment."""
        return self.identities.of_role(role).environment

    def refuse(self, exchange: Exchange, path: str) -> str | None:
        """Why a request to @connections is refused; `path` is `API/STAGE/METHOD/@connections/ID`."""
        try:
            self._aws.check_post(request_of(exchange), path, datetime.now(UTC))
        except (BadSignature, Denied) as error:
            self._aws.refused += 1
            _logger.warning("@connections: %s", error)
            return str(error)
        return None

    def status(self) -> dict[str, dict[str, int]]:
        return {door.name: door.status() for door in self._all}

    def may_connect(self, identity: Identity) -> bool:
        """To the log."""
        return any(self._grants.allow(identity.role, "kafka-cluster:Connect", arn) for arn in self._clusters)

    def may_use_tables(self, identity: Identity) -> bool:
        """Any of them; which ones, nobody asks here."""
        return self._grants.touch(identity.role, "cassandra:")

    def may_use_cache(self, identity: Identity, arns: Iterable[str]) -> bool:
        """As the user and on the cache that these are."""
        return all(self._grants.allow(identity.role, "elasticache:Connect", arn) for arn in arns)
