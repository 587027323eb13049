"""What a usage asks of each service: rates at the busiest time, and amounts of a month."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from infra.capacity.measured import Measured, total
from infra.capacity.usage import DAY_S, MONTH_DAYS, Usage

GB = 1024**3
REPLICAS = 3
TLS_BYTES = 600
"""
Of a post, beside what was counted: headers of the request and the answer, their signature, and TLS. Reckoned from a
signed request, not measured: the local gateway speaks no TLS.
"""
KEPT_DAYS = {"client_ids": 8.0}
"""Of tables whose rows go by themselves; those of `events` stay. Of others a conversation has a few rows."""


@dataclass(frozen=True)
class Demand:
    usage: Usage
    measured: Measured

    @cached_property
    def vectors(self) -> Mapping[str, Mapping[str, float]]:
        """What one act asks for, as counted; a push is what a message to somebody away asks for beyond another."""
        acts = self.measured.acts
        away, direct = acts["away message"], acts["direct message"]
        push = {name: max(0.0, amount - direct.get(name, 0.0)) for name, amount in away.items()}
        return {**acts, "push": push}

    @cached_property
    def day(self) -> Mapping[str, float]:
        """Of all users, by name of what was counted."""
        found: dict[str, float] = defaultdict(float)
        for act, times in self.usage.acts_per_day().items():
            for name, amount in self.vectors.get(act, {}).items():
                found[name] += self.usage.users * times * amount
        for name, amount in self.measured.minute.items():
            found[name] += DAY_S / 60 * amount
        return found

    @property
    def uncounted(self) -> list[str]:
        """What people do of which nothing was counted: it is in no figure."""
        return [act for act, times in self.usage.acts_per_day().items() if times and act not in self.vectors]

    def month(self, prefix: str) -> float:
        return total(self.day, prefix) * MONTH_DAYS

    def busiest(self, prefix: str) -> float:
        """A second, at the busiest time."""
        return total(self.day, prefix) / DAY_S * self.usage.busiest

    @property
    def gateway_requests(self) -> float:
        """A second, of what API Gateway throttles for the account: frames, connects, posts and HTTP."""
        names = ("gateway.frames_in", "gateway.posts", "gateway.connects", "http.requests")
        return sum(map(self.busiest, names))

    @property
    def connects(self) -> float:
        return self.busiest("gateway.connects")

    def concurrency(self, function: str) -> float:
        """Executions at once, at the busiest time."""
        return self.busiest(f"lambda.{function}.ms") / 1000 * self.usage.slower

    @property
    def functions(self) -> list[str]:
        return sorted({name.split(".")[1] for name in self.day if name.startswith("lambda.")})

    @property
    def all_concurrency(self) -> float:
        return sum(map(self.concurrency, self.functions))

    @property
    def gb_seconds(self) -> float:
        """Of a month."""
        names = [name for name in self.day if name.startswith("lambda.") and name.endswith(".mb_ms")]
        return sum(self.day[name] for name in names) * MONTH_DAYS * self.usage.slower / 1024 / 1000

    @property
    def invocations(self) -> float:
        """Of a month."""
        names = [name for name in self.day if name.startswith("lambda.") and name.endswith(".invocations")]
        return sum(self.day[name] for name in names) * MONTH_DAYS

    def busiest_table(self, kind: str) -> float:
        """Units a second of the table that needs most; `kind` is `read` or `write`."""
        names = [name for name in self.day if name.startswith(f"keyspaces.{kind}.")]
        return max((self.day[name] for name in names), default=0.0) / DAY_S * self.usage.busiest

    @property
    def stored_gb(self) -> float:
        """In Keyspaces, when as many months of messages are there as are kept."""
        events = self.month("keyspaces.bytes_write.events") * self.usage.months_kept
        for_a_while = sum(
            self.month(f"keyspaces.bytes_write.{table}") / MONTH_DAYS * days for table, days in KEPT_DAYS.items()
        )
        return (events + for_a_while) / GB

    @property
    def expired(self) -> float:
        """Rows of a month that go by their time to live."""
        return sum(self.month(f"keyspaces.write.{table}") for table in KEPT_DAYS)

    @property
    def valkey_gb(self) -> float:
        return self.usage.connections * self.measured.connection_bytes / GB

    @property
    def nat_gb(self) -> float:
        """Of a month: posts leave the VPC."""
        return (self.month("gateway.post_bytes") + self.month("gateway.posts") * TLS_BYTES) / GB

    @property
    def internet_gb(self) -> float:
        """Of a month, to clients."""
        return (self.month("gateway.bytes_out") + self.month("http.bytes_out")) / GB

    @property
    def log_bytes(self) -> float:
        """A second into Kafka, at the busiest time, of one replica."""
        return self.busiest("kafka.bytes.")

    @property
    def pushes(self) -> float:
        """A second, at the busiest time."""
        return self.usage.users * self.usage.pushes_per_day / DAY_S * self.usage.busiest
