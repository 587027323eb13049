"""What the local cloud was asked for so far, in what AWS bills by: counted at its doors, its gateway, its engines."""

import math
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import redis

from local.cloud import Cloud
from local.doors import Doors
from local.gateway.websocket_api import WebSocketApi
from local.sources.sqs import SqsPoller

FIXED = frozenset(
    ["get", "set", "hget", "hset", "incr", "expire", "pexpire", "del", "unlink", "exists", "zcard", "ping"]
)
"""Commands that are billed by the kilobyte alone. By AWS's estimator (`command_classifier.py` of its Agent Toolkit)."""
UNBILLED = frozenset({"auth", "hello", "multi", "exec", "info", "cluster", "client", "readonly"})
"""By the same; and what belongs to making a connection."""
USEC_OF_A_UNIT = 3
"""Of any other command: by the same."""
_TIMEOUT_S = 5


@dataclass(frozen=True)
class Counted:
    """All so far, by name; a dot separates what from whose."""

    totals: Counter[str]
    invocations: Mapping[str, int]

    def since(self, before: "Counted", cloud: Cloud) -> Counter[str]:
        """What has come since; how long functions took is their median, for each invocation."""
        found = Counter({name: total - before.totals[name] for name, total in self.totals.items()})
        for name, number in self.invocations.items():
            if new := number - before.invocations.get(name, 0):
                pool = cloud.runtime.functions.find(name)
                milliseconds = math.ceil(statistics.median(list(pool.durations_ms)[-new:]))
                short = name.rpartition("-")[2]
                found[f"lambda.{short}.invocations"] += new
                found[f"lambda.{short}.ms"] += new * milliseconds
                found[f"lambda.{short}.mb_ms"] += new * milliseconds * pool.function.memory_mb
        found["valkey.ecpu"] += round(ecpu(found))
        return Counter({name: amount for name, amount in found.items() if amount})


def count(cloud: Cloud) -> Counted:
    """`cloud` is a secured one: the doors count."""
    assert cloud.doors is not None
    totals: Counter[str] = Counter()
    for source in (
        _gateway(cloud),
        _doors(cloud.doors, cloud),
        _valkey(cloud),
        _kafka(cloud.engines["kafka"].home / "data"),
        _queues(cloud),
        _logs(cloud),
    ):
        totals.update(dict(source))
    status = cloud.runtime.functions.status()
    return Counted(totals, {name: each["invocations"] for name, each in status.items()})


def _gateway(cloud: Cloud) -> Iterator[tuple[str, float]]:
    for api in cloud.runtime.apis:
        if isinstance(api, WebSocketApi):
            yield "gateway.frames_in", api.messages
            yield "gateway.posts", api.posts
            yield "gateway.connects", api.connects


def _doors(doors: Doors, cloud: Cloud) -> Iterator[tuple[str, float]]:
    roles = {function.role: function.name.rpartition("-")[2] for function in cloud.app.functions}
    tally, found = doors.access.tally, Counter[str]()
    for passed, times in tally.times.items():
        what = passed.what.partition(":")[2] or passed.what
        if passed.door == "cassandra":
            kind, _, table = what.partition(" ")
            name = table.rpartition(".")[2]
            if not table.startswith("system"):
                found[f"keyspaces.{_UNITS[kind]}.{name}"] += tally.units[passed]
                found[f"keyspaces.statements.{roles[passed.role]}"] += times
                found[f"keyspaces.bytes_{_UNITS[kind]}.{name}"] += tally.size[passed]
        elif passed.door == "valkey" and passed.what not in UNBILLED:
            found[f"valkey.commands.{passed.what}"] += times
        elif passed.what.startswith("execute-api:"):
            found["gateway.post_bytes"] += tally.size[passed]
        elif passed.door == "aws":
            found[f"requests.{passed.what}"] += times
    found["postgres.queries"] += doors.of_engines["postgres"].status()["queries"]
    yield from found.items()


_UNITS = {"Select": "read", "Modify": "write"}


def _valkey(cloud: Cloud) -> Iterator[tuple[str, float]]:
    host, _, port = cloud.engines["valkey"].address.rpartition(":")
    with redis.Redis(host=host, port=int(port), socket_timeout=_TIMEOUT_S) as valkey:
        stats, commands = valkey.info("stats"), valkey.info("commandstats")
    yield "valkey.bytes", stats["total_net_input_bytes"] + stats["total_net_output_bytes"]
    for name, each in commands.items():
        if name.startswith("cmdstat_"):
            yield f"valkey.usec.{name.removeprefix('cmdstat_')}", each["usec"]


def _kafka(data: Path) -> Iterator[tuple[str, float]]:
    """Bytes of one replica, as they are on the disk."""
    found: Counter[str] = Counter()
    for log in data.glob("chat.*/*.log"):
        found[f"kafka.bytes.{log.parent.name.split('.')[1].partition('-')[0]}"] += log.stat().st_size
    yield from found.items()


def _queues(cloud: Cloud) -> Iterator[tuple[str, float]]:
    """Each batch is received with one request, and removed with one."""
    batches = sum(source.batches for source in cloud.runtime.sources if isinstance(source, SqsPoller))
    yield "requests.sqs:ReceiveMessage", batches
    yield "requests.sqs:DeleteMessage", batches


def _logs(cloud: Cloud) -> Iterator[tuple[str, float]]:
    names = {function.name for function in cloud.app.functions}
    logs = cloud.root / ".local" / "logs"
    yield "logs.bytes", sum(log.stat().st_size for log in logs.glob("*.log") if log.stem in names)


def ecpu(found: Mapping[str, float]) -> float:
    """
    ElastiCache's processing units: of simple commands one for each kilobyte, at least one; of others one for so many
    microseconds, at least one; no less in all than kilobytes have been carried.
    """
    units = 0.0
    for name, times in found.items():
        if name.startswith("valkey.commands."):
            command = name.removeprefix("valkey.commands.")
            used = 0.0 if command in FIXED else found.get(f"valkey.usec.{command}", 0.0) / USEC_OF_A_UNIT
            units += max(times, used)
    return max(units, found.get("valkey.bytes", 0.0) / 1024)
