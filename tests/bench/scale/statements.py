"""How often the engines are asked by a request: where the doors count."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from local.cloud import Cloud
from tests.bench.counting import count

KINDS = {"keyspaces.statements.": "Cassandra", "postgres.queries": "PostgreSQL", "valkey.commands.": "Valkey"}


async def statements(cloud: Cloud, call: Callable[[], Awaitable[object]], *, times: int) -> Mapping[str, float]:
    """By engine, of each of so many calls; nothing unless the cloud is a secured one."""
    if cloud.doors is None:
        return {}
    before = count(cloud).totals
    for _ in range(times):
        await call()
    after = count(cloud).totals
    found: Counter[str] = Counter()
    for name in after:
        for prefix, kind in KINDS.items():
            if name.startswith(prefix):
                found[kind] += round(after[name] - before[name])
    return {kind: found[kind] / times for kind in KINDS.values()}
