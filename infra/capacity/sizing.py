"""The sizes that a stage needs for a demand: `infra.config.PROD` with other numbers, as an operator would set them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from infra.capacity.demand import GB, REPLICAS, Demand
from infra.config import PROD, FunctionName, Sizing, Stage

AT_MOST = 0.6
"""Of what something carries, at the busiest time: what is left takes a zone that fails, a restart, a surprise."""
IN_A_POLLER = 5
LEAST_PARTITIONS = 15
QUERIES_PER_ACU = 500
"""A second. An assumption: what an Aurora capacity unit takes of these queries was not measured."""
READY: tuple[FunctionName, ...] = ("persist", "send", "authorize", "connect")
TOPICS = 6


@dataclass(frozen=True)
class Broker:
    """Of MSK, as AWS sizes it (`msk_sizing.py` of its Agent Toolkit): MiB/s of the disk, partitions it recommends."""

    disk_mib: float
    partitions: int


BROKERS: Mapping[str, Broker] = {
    "kafka.m7g.large": Broker(78.75, 1000),
    "kafka.m7g.xlarge": Broker(156.25, 1000),
    "kafka.m7g.2xlarge": Broker(312.5, 2000),
    "kafka.m7g.4xlarge": Broker(625.0, 4000),
    "kafka.m7g.8xlarge": Broker(1000.0, 4000),
}
DISK_TIMES = 6.5
"""What a broker's disk carries of each byte that is written, with a zone away (the same)."""


def partitions(demand: Demand) -> int:
    """Of a topic: a partition is folded by one execution at a time."""
    needed = ceil(demand.concurrency("persist") / AT_MOST)
    return max(LEAST_PARTITIONS, ceil(needed / IN_A_POLLER) * IN_A_POLLER)


def fits(broker: str, demand: Demand, stage: Stage, *, brokers: int = 3) -> bool:
    size = BROKERS[broker]
    carried = demand.log_bytes * DISK_TIMES / 1024**2 / brokers
    return carried <= size.disk_mib * AT_MOST and stage.partitions * TOPICS * REPLICAS / brokers <= size.partitions


def storage_gb(demand: Demand, stage: Stage, *, brokers: int = 3) -> int:
    """Of one broker."""
    kept = demand.month("kafka.bytes.") / (730 / 24) * stage.retention_days * REPLICAS / brokers / GB
    return max(20, ceil(kept / AT_MOST))


def sized(demand: Demand) -> Stage:
    """The smallest that carries it; with the largest broker if none does, which `limits` then says."""
    stage = replace(PROD, partitions=partitions(demand))
    fitting = [broker for broker in BROKERS if fits(broker, demand, stage)]
    acu = ceil(demand.busiest("postgres.queries") / QUERIES_PER_ACU / (1 + stage.database_readers))
    return replace(
        stage,
        broker_instance=fitting[0] if fitting else list(BROKERS)[-1],
        broker_storage_gb=storage_gb(demand, stage),
        database_acu=(max(2.0, float(acu)), 256.0),
        cache_max_gb=max(1, ceil(demand.valkey_gb / AT_MOST)),
        cache_max_ecpu=max(1_000, ceil(demand.busiest("valkey.ecpu") / AT_MOST)),
        sockets_per_second=max(1_000, ceil(demand.busiest("gateway.frames_in") + demand.connects)),
        requests_per_second=max(500, ceil(demand.busiest("http.requests") / AT_MOST)),
        sizing=stage.sizing | {name: _ready(stage.sizing[name], name, demand) for name in READY},
    )


def _ready(sizing: Sizing, name: FunctionName, demand: Demand) -> Sizing:
    """What a mean moment needs is there before; reserved is what the busiest needs, and half more."""
    busiest = demand.concurrency(name)
    return replace(
        sizing,
        provisioned=max(2, ceil(busiest / demand.usage.busiest)) if demand.usage.busiest else 2,
        reserved_concurrency=max(10, ceil(busiest / AT_MOST)),
    )
