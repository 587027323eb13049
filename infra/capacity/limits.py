"""What stops it first: quotas of an AWS account in a Region, with the sizes that the stage has, and what lifts each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.capacity.demand import Demand
from infra.capacity.sizing import BROKERS, DISK_TIMES
from infra.config import Stage

GATEWAY = "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"
SOCKETS = (
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
    "apigateway-execution-service-websocket-limits-table.html"
)
LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
KEYSPACES = "https://docs.aws.amazon.com/keyspaces/latest/devguide/quotas.html"
MSK = "https://docs.aws.amazon.com/msk/latest/developerguide/limits.html"
NAT = "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html"
VALKEY = "https://docs.aws.amazon.com/cdk/api/v2/docs/@aws-cdk_aws-elasticache-alpha.CacheUsageLimitsProperty.html"
NEW_CONNECTIONS = 500
"""A second, of all WebSocket APIs of an account in a Region."""
CONNECTION_S = 7_200
"""After which the gateway ends each."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    name: str
    unit: str
    needs: Callable[[Demand, Stage], float]
    has: Callable[[Stage], float]
    """Before anything is asked for."""
    lift: str
    source: str
    hard: bool = False
    """No request to AWS raises it: more of the thing itself, or a second cell."""


@dataclass(frozen=True)
class Used:
    limit: Limit
    needs: float
    has: float
    users: float
    """At how many users it is met, if all grows with them."""

    @property
    def share(self) -> float:
        return self.needs / self.has


LIMITS: Sequence[Limit] = (
    Limit(
        name="API Gateway, requests of all APIs",
        unit="a second",
        needs=lambda demand, _: demand.gateway_requests,
        has=lambda _: 10_000,
        lift="ask AWS for more (`apigateway` L-8A5B8E43); where it grants no more, another account or Region: a cell",
        source=GATEWAY,
    ),
    Limit(
        name="API Gateway, new WebSocket connections",
        unit="a second",
        needs=lambda demand, _: demand.connects,
        has=lambda _: NEW_CONNECTIONS,
        lift="ask AWS for more (`apigateway` L-9ED1E49A), also so that all can come back after a fault",
        source=SOCKETS,
    ),
    Limit(
        name="API Gateway, connections of two hours at that rate",
        unit="connections",
        needs=lambda demand, _: demand.usage.connections,
        has=lambda _: NEW_CONNECTIONS * CONNECTION_S,
        lift="the same request: there is no quota on connections, only on new ones",
        source=SOCKETS,
    ),
    Limit(
        name="Lambda, executions at once",
        unit="executions",
        needs=lambda demand, _: demand.all_concurrency,
        has=lambda stage: stage.account_concurrency,
        lift="ask AWS for more (`lambda` L-B99A9384): it grants tens of thousands; then `account_concurrency`",
        source=LAMBDA,
    ),
    Limit(
        name="Partitions of the log, one fold each",
        unit="folds at once",
        needs=lambda demand, _: demand.concurrency("persist"),
        has=lambda stage: stage.partitions,
        lift="more `partitions` and with them pollers, in a new epoch (docs/data.md)",
        source="infra/config.py",
        hard=True,
    ),
    Limit(
        name="Kafka brokers, partitions",
        unit="of one broker",
        needs=lambda _, stage: float(stage.partitions * 6),
        has=lambda stage: BROKERS[stage.broker_instance].partitions,
        lift="a larger `broker_instance`, or six brokers instead of three",
        source="https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html",
        hard=True,
    ),
    Limit(
        name="Kafka brokers, disks",
        unit="MiB/s of one broker",
        needs=lambda demand, _: demand.log_bytes * DISK_TIMES / 3 / 1024**2,
        has=lambda stage: BROKERS[stage.broker_instance].disk_mib,
        lift="a larger `broker_instance`, or six brokers instead of three",
        source="https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html",
        hard=True,
    ),
    Limit(
        name="Kafka brokers, connections with IAM",
        unit="of one broker",
        needs=lambda demand, stage: _producers(demand) + stage.pollers * 5,
        has=lambda _: 3_000,
        lift="`listener.name.client_iam.max.connections` of the brokers, as far as their memory goes",
        source=MSK,
    ),
    Limit(
        name="Keyspaces, writes of one table",
        unit="units a second",
        needs=lambda demand, _: demand.busiest_table("write"),
        has=lambda _: 40_000,
        lift="ask AWS for more (Service Quotas, `cassandra`)",
        source=KEYSPACES,
    ),
    Limit(
        name="Keyspaces, reads of one table",
        unit="units a second",
        needs=lambda demand, _: demand.busiest_table("read"),
        has=lambda _: 40_000,
        lift="ask AWS for more (Service Quotas, `cassandra`)",
        source=KEYSPACES,
    ),
    Limit(
        name="Valkey, processing",
        unit="ECPU a second",
        needs=lambda demand, _: demand.busiest("valkey.ecpu"),
        has=lambda stage: stage.cache_max_ecpu,
        lift="`cache_max_ecpu`: a cache takes up to 15,000,000, a slot 30,000",
        source=VALKEY,
    ),
    Limit(
        name="Valkey, memory",
        unit="GB",
        needs=lambda demand, _: demand.valkey_gb,
        has=lambda stage: stage.cache_max_gb,
        lift="`cache_max_gb`: a cache takes up to 5,000",
        source=VALKEY,
    ),
    Limit(
        name="NAT gateways, connections to one address",
        unit="at once",
        needs=lambda demand, _: demand.all_concurrency,
        has=lambda stage: stage.nat_gateways * 55_000,
        lift="more addresses for each (up to eight), or an endpoint of `execute-api` in the VPC",
        source=NAT,
    ),
    Limit(
        name="Aurora, capacity",
        unit="units of one instance",
        needs=lambda _, stage: stage.database_acu[0] if stage.database_acu else 0.0,
        has=lambda _: 256,
        lift="more readers (`database_readers`): what is only read moves there; then a database for each cell",
        source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.how-it-works.html",
        hard=True,
    ),
)


def used(demand: Demand, stage: Stage) -> list[Used]:
    """Of each limit, the nearest first."""
    found = []
    for limit in LIMITS:
        needs, has = limit.needs(demand, stage), float(limit.has(stage))
        users = demand.usage.users * has / needs if needs else float("inf")
        found.append(Used(limit, needs, has, users))
    return sorted(found, key=lambda each: -each.share)


def first(demand: Demand, stage: Stage) -> Used:
    return used(demand, stage)[0]


def _producers(demand: Demand) -> float:
    """Environments that write to the log hold a connection to each broker."""
    return sum(map(demand.concurrency, ("send", "signal", "persist", "connect", "disconnect", "chat_api")))
