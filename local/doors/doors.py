"""All doors of one cloud."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from confluent_kafka.admin import AclBinding  # type: ignore[attr-defined]  # it is public, but not marked as exported

from local.assembly import Resolver, Site
from local.certificates import HOST, make_certificates, server_context
from local.engines import Endpoints, Engines, EngineUnavailable
from local.faults.calls import CallFaults
from local.model import Function
from local.runtime.http1 import Exchange

from .access import Access
from .acls import acls, action_of
from .aws import AwsDoor
from .cassandra import CassandraDoor
from .denials import Denials
from .door import Door
from .iam import grants
from .identities import BadSignature, Identities
from .kafka import KafkaDoor
from .keys import keys
from .ledger import Refusal
from .postgres import PostgresDoor
from .refusals import Denied
from .requests import request_of
from .valkey import ValkeyDoor, cache_users

_logger = logging.getLogger(__name__)
NAMES = ("cassandra", "kafka", "postgres", "valkey")
LOOK_EVERY_S = 0.5
"""Into Kafka's log: a file tells nobody that it has grown."""


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
        self.access = Access()
        self._denials = Denials(engines.site.logs / f"{engines.kafka.name}.log")
        self._watch: asyncio.Task[None] | None = None
        self.of_engines: dict[str, Door] = {}
        """Those that are open, by the engine to which each leads."""
        self._authorities = self._folder / "authorities.pem"

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
        certificates = make_certificates()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._authorities.write_bytes(certificates.authority)
        tls = server_context(certificates, self._folder)
        ports = {name: int(address.rpartition(":")[2]) for name, address in self._addresses.items()}
        role: dict[str, Any] = {"identities": self.identities, "region": self._site.region, "access": self.access}
        account = self._site.account
        behind = self._engines.endpoints()
        self._valkey = ValkeyDoor(ports["valkey"], tls=tls, behind=behind.valkey, **role)
        self._postgres = PostgresDoor(ports["postgres"], tls=tls, behind=behind.postgres, ledger=self.access.ledger)
        self._cassandra = CassandraDoor(ports["cassandra"], tls=tls, behind=behind.cassandra, account=account, **role)
        self._kafka = KafkaDoor(ports["kafka"], tls=tls, behind=kafka.behind_door, **role)
        self._aws = AwsDoor(
            self._engines.site.ports["localstack-door"],
            behind=behind.localstack,
            functions=f"http://{HOST}:{self._engines.site.ports['admin']}",
            account=account,
            **role,
        )
        kafka.door = self._kafka.address
        self.of_engines = {each.name: each for each in (self._valkey, self._postgres, self._cassandra, self._kafka)}
        for door in self._all:
            await door.start()
        self._watch = asyncio.get_running_loop().create_task(self._look())

    async def stop(self) -> None:
        """Harmless if none is open."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
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
        self.access.grants = grants(resolver)
        self._aws.keys = keys(resolver)
        self._valkey.users = {user.name: user for user in cache_users(resolver)}
        self._kafka.clusters = tuple(
            str(resolver.attribute(cluster.stack, cluster.logical_id, "Arn"))
            for cluster in resolver.assembly.resources("AWS::MSK::Cluster")
        )

    @property
    def acls(self) -> set[AclBinding]:
        """
        What the broker has to know of that: it is the one that decides about topics and groups.

        Raises:
            Unresolvable: a policy says it in a way that Kafka does not have.
        """
        return acls(self.access.grants, self._kafka.clusters)

    def introduce(self, functions: Iterable[Function]) -> None:
        """By whose names people know the roles."""
        self.access.ledger.introduce((function.role, function.name) for function in functions)

    def fail(self, faults: CallFaults) -> None:
        """Have calls of AWS's services fail on purpose."""
        self._aws.faults = faults

    def let_in(self, roles: Iterable[str]) -> None:
        """These are the roles of the database whose secrets the proxy has."""
        self._postgres.roles = set(roles)

    @property
    def aws(self) -> str:
        """The URL of AWS's services."""
        return f"http://{self._aws.address}"

    @property
    def environment(self) -> dict[str, str]:
        """
        Of every function: where AWS's services are, and whom to trust. Lambda's runtime has such a file where its TLS
        looks for it.
        """
        return {
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_ENDPOINT_URL_LAMBDA": self.aws,
            "SSL_CERT_FILE": str(self._authorities),
        }

    def credentials(self, role: str) -> Mapping[str, str]:
        """Of a function with that role, in its environment."""
        return self.identities.of_role(role).environment

    def refuse(self, exchange: Exchange, path: str) -> str | None:
        """Why a request to @connections is refused; `path` is `API/STAGE/METHOD/@connections/ID`."""
        return self._refused("@connections", partial(self._aws.check_post, path=path), exchange)

    def refuse_call(self, exchange: Exchange) -> str | None:
        """Why a request to one of AWS's services is refused that stands somewhere else."""
        return self._refused("traces", self._aws.check, exchange)

    def _refused(self, what: str, check: Callable[..., object], exchange: Exchange) -> str | None:
        try:
            check(request_of(exchange), now=datetime.now(UTC))
        except (BadSignature, Denied) as error:
            self._aws.refused += 1
            if isinstance(error, BadSignature):  # what a role may not do is in the ledger
                _logger.warning("%s: %s", what, error)
            return str(error)
        return None

    def status(self) -> dict[str, Any]:
        """A JSON-serialisable snapshot: who came to each door, and what was refused."""
        self._hear_of_denials()
        ledger = self.access.ledger
        return {
            "doors": {
                door.name: {"address": door.address, **door.status(), "visitors": ledger.visitors(door.name)}
                for door in self._all
            },
            "refusals": ledger.refusals(),
        }

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._hear_of_denials()

    def _hear_of_denials(self) -> None:
        for denial in self._denials.news():
            self._kafka.refused += 1
            for cluster in self._kafka.clusters:
                what = action_of(denial.operation, denial.kind, denial.name, cluster)
                self.access.ledger.refuse(Refusal(self._kafka.name, denial.role, *what))
