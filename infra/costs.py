"""
What a stage costs while nobody uses it, by the month, from its sizes in `infra.config` and AWS's list prices.

    python -m infra.costs       # the tables of docs/costs.md; those of prices: python -m infra.prices
"""

from dataclasses import replace
from math import ceil

from infra.config import DEV, STAGES, Stage
from infra.prices import usd

HOURS = 730
"""Of a month, as AWS reckons."""
BROKERS = 3
ZONES = 3
MAPPINGS = 5
"""Event source mappings that read the log."""
POLLERS_IN_A_UNIT = 10
"""By default, of an event poller unit, as long as all of them together need no more than it carries (20 MB/s)."""
LEAST_PROXY_ACU = 8
"""RDS Proxy is billed for no less in front of Aurora Serverless v2."""
LEAST_ACU = (0.5, 4)
"""Of Aurora Serverless v2, least and most. It could pause, but not with a proxy that holds connections to it."""
DATABASE_VCPU = 2
"""Of `t4g.medium`: what RDS Proxy is billed for in front of it, and no less in front of any."""
LEAST_CACHE_GB = 0.1
"""ElastiCache Serverless for Valkey is billed for no less."""
ENDPOINTS = 4
FIREWALL_RULES = 6
ALARM_METRICS = 470
"""Of all alarms together: one on metric math costs as much as it has metrics."""
COMPOSITE_ALARMS = 14
EDGE_ALARM_METRICS = 3
"""In us-east-1, beside those."""
KEYS = 2
SECRETS = 7
BROKER_METRICS = 47
"""Of one broker, that are paid for (`PER_BROKER`): so many lists MSK's developer guide ("metrics-details"), at most."""
VISITS = 60 * HOURS
VISIT_S = 6
"""A visit waits most of the time: for who is let be for two seconds, and for the push."""
VISIT_METRICS = 8
"""When all is well: a time for each leg, and that nothing failed."""
CAUSED_BY_VISITS = 3.0
"""
Dollars a month, estimated: what a minute's visit has others do. Some 40 invocations, 20 requests and frames, and half
as many rows.
"""


def idle(stage: Stage) -> dict[str, float]:
    """Dollars a month, by what costs them. What is paid by use (messages, requests, storage of files) is not in it."""
    units = (
        ceil(MAPPINGS * stage.pollers / POLLERS_IN_A_UNIT)
        if stage.share_pollers
        else MAPPINGS * ceil(stage.pollers / POLLERS_IN_A_UNIT)
    )
    database, proxied = _database(stage)
    ready_gb = sum(each.provisioned * each.memory_mb for each in stage.sizing.values()) / 1024
    hourly = {
        "Kafka brokers": BROKERS * usd(stage.broker_instance),
        "pollers of the log": units * usd("event poller unit"),
        "RDS Proxy": proxied * usd("RDS Proxy, capacity unit or vCPU"),
        "Aurora": database,
        "NAT": stage.nat_gateways * (usd("NAT gateway") + usd("public IPv4 address")),
        "endpoints in the VPC": stage.endpoints_in_vpc * ENDPOINTS * ZONES * usd("interface endpoint in a zone"),
        "Valkey": LEAST_CACHE_GB * usd("Valkey, GB"),
        "functions kept ready": ready_gb * usd("Lambda, provisioned GB (arm64)"),
    }
    monthly = {
        "metrics of the brokers": BROKERS * BROKER_METRICS * usd("custom metric"),
        "storage of the log": BROKERS * stage.broker_storage_gb * usd("broker storage, GB"),
        "firewall before the HTTP API": (stage.edge is not None)
        * (
            usd("web ACL")
            + FIREWALL_RULES * usd("rule of a web ACL")
            + usd("key")
            + usd("secret")
            + EDGE_ALARM_METRICS * usd("metric of an alarm")
        ),
        "alarms, dashboard": ALARM_METRICS * usd("metric of an alarm")
        + COMPOSITE_ALARMS * usd("composite alarm")
        + usd("dashboard"),
        "visitors": stage.visited * _visitors(stage.sizing["visit"].memory_mb / 1024),
        "keys, secrets": KEYS * usd("key") + SECRETS * usd("secret"),
    }
    return {name: price * HOURS for name, price in hourly.items()} | monthly


def _visitors(memory_gb: float) -> float:
    return VISITS * VISIT_S * memory_gb * usd("GB-second") + VISIT_METRICS * usd("custom metric") + CAUSED_BY_VISITS


def _database(stage: Stage) -> tuple[float, float]:
    """What an hour of it costs, and for how much of it the proxy is billed."""
    instances = 1 + stage.database_readers
    if stage.database_acu is None:
        return instances * usd(f"Aurora, {stage.database_class}"), instances * DATABASE_VCPU
    capacity = stage.database_acu[0] * instances
    return capacity * usd("Aurora capacity unit"), max(LEAST_PROXY_ACU, capacity)


def table() -> str:
    """Of the stages on AWS, in Markdown."""
    stages = [stage for stage in STAGES.values() if stage.architecture != "host"]
    costs = [idle(stage) for stage in stages]
    lines = ["| $ a month | " + " | ".join(stage.name for stage in stages) + " |", "|---|" + "---:|" * len(stages)]
    lines += [f"| {name} | " + " | ".join(f"{cost[name]:,.0f}" for cost in costs) + " |" for name in costs[0]]
    lines.append("| **together** | " + " | ".join(f"**{sum(cost.values()):,.0f}**" for cost in costs) + " |")
    return "\n".join(lines) + "\n"


def weighed() -> str:
    """What dev would cost with other decisions (docs/costs.md says why they were not taken), in Markdown."""
    cost = idle(DEV)
    total = sum(cost.values())
    brokers = cost["Kafka brokers"] + cost["storage of the log"]
    instead = {
        "Aurora Serverless v2": sum(idle(replace(DEV, database_class=None, database_acu=LEAST_ACU)).values()),
        "no RDS Proxy": total - cost["RDS Proxy"],
        "mappings on demand": total - cost["pollers of the log"],
        "MSK Serverless": total - brokers + usd("MSK Serverless") * HOURS,
    }
    lines = [
        "| instead | dev, $ a month |",
        "|---|---:|",
        *(f"| {name} | {cost:,.0f} |" for name, cost in instead.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), weighed(), sep="\n", end="")  # noqa: T201 - what it is for
