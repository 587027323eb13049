"""Dollars a month, by service: what a stage of that size costs in any case, and what is paid by use."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.capacity.demand import GB, Demand
from infra.capacity.usage import MONTH_DAYS
from infra.config import Stage
from infra.costs import HOURS, LEAST_CACHE_GB, idle
from infra.prices import PRICES

REPLICAS_MOVED = 2
"""Copies that leave a producer's zone or a leader's: two of three brokers are in others."""
POLLS_PER_QUEUE = 2 * 3 * 60 * HOURS
"""Lambda asks a quiet queue by two, at least, that wait for up to 20 s ("Configuring scaling behavior for SQS")."""
QUEUES = 7
CUSTOM_METRICS = 787
"""docs/metrics.md: all combinations that can be there."""
LOG_MONTHS = 3


@dataclass(frozen=True)
class Bill:
    demand: Demand
    stage: Stage

    @property
    def by_service(self) -> Mapping[str, float]:
        fixed = idle(self.stage)
        demand, month = self.demand, self.demand.month
        logs_gb = month("logs.bytes") / GB
        moved_gb = month("kafka.bytes.") * (1 + REPLICAS_MOVED / 3) / GB
        mobile = demand.usage.users * demand.usage.pushes_per_day * demand.usage.mobile_share * MONTH_DAYS
        return {
            "API Gateway": cost("WebSocket message", month("gateway.frames_in") + month("gateway.frames_out"))
            + cost("connection minute", demand.usage.users * demand.usage.hours_connected * 60 * MONTH_DAYS)
            + cost("HTTP request", month("http.requests")),
            "Lambda": cost("invocation", demand.invocations)
            + cost("GB-second", demand.gb_seconds)
            + fixed["functions kept ready"]
            + fixed["pollers of the log"],
            "Keyspaces": cost("write unit", month("keyspaces.write."))
            + cost("read unit", month("keyspaces.read."))
            + cost("removal by time to live", demand.expired)
            + demand.stored_gb * (usd("Keyspaces, GB") + usd("Keyspaces, GB of point-in-time recovery")),
            "MSK": fixed["Kafka brokers"]
            + fixed["metrics of the brokers"]
            + fixed["storage of the log"]
            + cost("GB between zones", moved_gb),
            "Valkey": cost("ECPU", month("valkey.ecpu"))
            + max(LEAST_CACHE_GB, demand.valkey_gb) * usd("Valkey, GB") * HOURS,
            "Aurora, RDS Proxy": fixed["Aurora"] + fixed["RDS Proxy"],
            "network": fixed["NAT"]
            + fixed["endpoints in the VPC"]
            + cost("GB through NAT", demand.nat_gb)
            + cost("GB to the internet", demand.internet_gb),
            "SQS, SNS, KMS": cost("SQS request", month("requests.sqs:") + QUEUES * POLLS_PER_QUEUE)
            + cost("SNS publish", mobile)
            + cost("SNS mobile delivery", mobile)
            + cost("signature", month("requests.kms:Sign")),
            "CloudWatch": cost("GB of logs", logs_gb)
            + logs_gb * LOG_MONTHS * usd("GB of logs kept")
            + cost("custom metric", CUSTOM_METRICS)
            + fixed["alarms, dashboard"],
            "firewall, keys, secrets": fixed["firewall before the HTTP API"] + fixed["keys, secrets"],
        }

    @property
    def total(self) -> float:
        return sum(self.by_service.values())

    @property
    def per_million_messages(self) -> float:
        return self.total / self.demand.usage.messages_per_month * 1e6

    @property
    def per_user(self) -> float:
        return self.total / self.demand.usage.users


def cost(name: str, amount: float) -> float:
    return PRICES[name].cost(amount)


def usd(name: str) -> float:
    return PRICES[name].usd
