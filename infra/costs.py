"""
What a stage costs while nobody uses it, by the month, from its sizes in `infra.config` and AWS's list prices.

    python -m infra.costs       # the table of docs/costs.md
"""

from collections.abc import Mapping
from math import ceil

from infra.config import STAGES, Stage

HOURS = 730
"""Of a month, as AWS reckons."""
BROKERS = 3
ZONES = 3
MAPPINGS = 5
"""Event source mappings that read the log."""
POLLERS_IN_A_UNIT = 4
"""An event poller unit carries 20 MB/s, a poller 5."""
LEAST_PROXY_ACU = 8
"""RDS Proxy is billed for no less in front of Aurora Serverless v2."""
LEAST_CACHE_GB = 0.1
"""ElastiCache Serverless for Valkey is billed for no less."""
ENDPOINTS = 4
ALARM_METRICS = 430
"""Of all alarms together: one on metric math costs as much as it has metrics."""
COMPOSITE_ALARMS = 14
KEYS = 2
SECRETS = 6

BROKER_HOUR: Mapping[str, float] = {"kafka.t3.small": 0.0456, "kafka.m7g.large": 0.204, "kafka.m7g.2xlarge": 0.8164}
HOUR: Mapping[str, float] = {
    "NAT gateway": 0.045,
    "interface endpoint in a zone": 0.01,
    "Aurora capacity unit": 0.12,
    "RDS Proxy, capacity unit": 0.015,
    "Valkey, GB": 0.084,
    "event poller unit": 0.185,
    "Lambda, provisioned GB (arm64)": 0.0000033334 * 3600,
}
MONTH: Mapping[str, float] = {
    "broker storage, GB": 0.10,
    "metric of an alarm": 0.10,
    "composite alarm": 0.50,
    "dashboard": 3.0,
    "key": 1.0,
    "secret": 0.40,
}
"""Dollars, us-east-1, November 2026, as the services' price pages list them: look there before you rely on it."""


def idle(stage: Stage) -> dict[str, float]:
    """Dollars a month, by what costs them. What is paid by use (messages, requests, storage of files) is not in it."""
    units = (
        ceil(MAPPINGS * stage.pollers / POLLERS_IN_A_UNIT)
        if stage.share_pollers
        else MAPPINGS * ceil(stage.pollers / POLLERS_IN_A_UNIT)
    )
    capacity = stage.database_acu[0] * (1 + stage.database_readers)
    ready_gb = sum(each.provisioned * each.memory_mb for each in stage.sizing.values()) / 1024
    hourly = {
        "Kafka brokers": BROKERS * BROKER_HOUR[stage.broker_instance],
        "pollers of the log": units * HOUR["event poller unit"],
        "RDS Proxy": max(LEAST_PROXY_ACU, capacity) * HOUR["RDS Proxy, capacity unit"],
        "Aurora": capacity * HOUR["Aurora capacity unit"],
        "NAT": stage.nat_gateways * HOUR["NAT gateway"],
        "endpoints in the VPC": stage.endpoints_in_vpc * ENDPOINTS * ZONES * HOUR["interface endpoint in a zone"],
        "Valkey": LEAST_CACHE_GB * HOUR["Valkey, GB"],
        "functions kept ready": ready_gb * HOUR["Lambda, provisioned GB (arm64)"],
    }
    monthly = {
        "storage of the log": BROKERS * stage.broker_storage_gb * MONTH["broker storage, GB"],
        "alarms, dashboard": ALARM_METRICS * MONTH["metric of an alarm"]
        + COMPOSITE_ALARMS * MONTH["composite alarm"]
        + MONTH["dashboard"],
        "keys, secrets": KEYS * MONTH["key"] + SECRETS * MONTH["secret"],
    }
    return {name: price * HOURS for name, price in hourly.items()} | monthly


def table() -> str:
    """Of the stages on AWS, in Markdown."""
    stages = [stage for stage in STAGES.values() if stage.architecture != "host"]
    costs = [idle(stage) for stage in stages]
    lines = ["| $ a month | " + " | ".join(stage.name for stage in stages) + " |", "|---|" + "---:|" * len(stages)]
    lines += [f"| {name} | " + " | ".join(f"{cost[name]:,.0f}" for cost in costs) + " |" for name in costs[0]]
    lines.append("| **together** | " + " | ".join(f"**{sum(cost.values()):,.0f}**" for cost in costs) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201 - what it is for
