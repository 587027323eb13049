"""What is said of one usage, as lines for people."""

from collections.abc import Iterator

from infra.capacity.bill import Bill
from infra.capacity.demand import Demand
from infra.capacity.limits import NEW_CONNECTIONS, Used, used
from infra.capacity.measured import Measured
from infra.capacity.sizing import sized
from infra.capacity.usage import Usage
from infra.config import Stage


def report(usage: Usage, measured: Measured) -> Iterator[str]:
    demand = Demand(usage, measured)
    stage = sized(demand)
    yield f"{usage.users:,} users, {usage.messages_per_user_day:g} messages each a day"
    yield f"(counted {measured.date} by {measured.command}; functions need {usage.slower:g} times as long on AWS)"
    if demand.uncounted:
        yield f"not counted yet, and so in no figure: {', '.join(demand.uncounted)}"
    yield ""
    yield from _aligned("at the busiest time", rates(demand))
    yield ""
    yield from _aligned("sizes of the stage", sizes(stage))
    yield ""
    yield from limits(demand, stage)
    yield ""
    yield from costs(Bill(demand, stage))


def rates(demand: Demand) -> list[tuple[str, str]]:
    table = demand.busiest_table
    return [
        ("connections", f"{demand.usage.connections:,.0f}"),
        (
            "messages a second",
            _n(demand.usage.users * demand.usage.messages_per_user_day / 86_400 * demand.usage.busiest),
        ),
        ("gateway requests a second", _n(demand.gateway_requests)),
        ("of them posts", _n(demand.busiest("gateway.posts"))),
        ("new connections a second", _n(demand.connects)),
        (
            f"all back after a fault, {NEW_CONNECTIONS} a second",
            f"{_n(demand.usage.connections / NEW_CONNECTIONS / 60)} min",
        ),
        ("executions at once", _n(demand.all_concurrency)),
        (
            "Keyspaces, write units a second, all / one table",
            f"{_n(demand.busiest('keyspaces.write.'))} / {_n(table('write'))}",
        ),
        (
            "Keyspaces, read units a second, all / one table",
            f"{_n(demand.busiest('keyspaces.read.'))} / {_n(table('read'))}",
        ),
        ("Valkey, ECPU a second", _n(demand.busiest("valkey.ecpu"))),
        ("Valkey, memory of connections", f"{demand.valkey_gb:.2g} GB" if demand.valkey_gb else "not counted"),
        ("PostgreSQL, queries a second", _n(demand.busiest("postgres.queries"))),
        ("pushes a second", _n(demand.pushes)),
        ("Kafka, MB a second in", f"{demand.log_bytes / 1e6:.2g}"),
        (f"stored after {demand.usage.months_kept:g} months", f"{_n(demand.stored_gb)} GB"),
    ]


def sizes(stage: Stage) -> list[tuple[str, str]]:
    ready = ", ".join(f"{name} {each.provisioned}" for name, each in stage.sizing.items() if each.provisioned)
    acu = stage.database_acu[0] if stage.database_acu else 0
    return [
        ("partitions of a topic", f"{stage.partitions}"),
        ("pollers of a topic", f"{stage.pollers}"),
        ("brokers", f"3 x {stage.broker_instance}, {stage.broker_storage_gb:,} GB each"),
        ("functions kept ready", ready),
        ("Aurora", f"{1 + stage.database_readers} x {acu:g} capacity units at least"),
        ("Valkey, at most", f"{stage.cache_max_gb:,} GB, {stage.cache_max_ecpu:,} ECPU a second"),
    ]


def limits(demand: Demand, stage: Stage) -> Iterator[str]:
    found = used(demand, stage)
    yield f"first limit met: {found[0].limit.name}, {says(found[0])}"
    yield f"  {found[0].limit.lift}"
    yield f"  {found[0].limit.source}"
    for each in found[1:]:
        if each.share > 0.5:  # noqa: PLR2004 - what is far is not worth a line
            yield f"then {each.limit.name}, {says(each)}: {each.limit.lift}"


def says(each: Used) -> str:
    return f"{_n(each.needs)} of {_n(each.has)} {each.limit.unit}, met at {each.users:,.0f} users"


def costs(bill: Bill) -> Iterator[str]:
    yield from _aligned("$ a month", [(name, f"{usd:,.0f}") for name, usd in bill.by_service.items()])
    yield f"  {'together':52}{bill.total:>16,.0f}"
    yield f"  {'a million messages':52}{bill.per_million_messages:>16,.2f}"
    yield f"  {'a user':52}{bill.per_user:>16,.4f}"


def _aligned(title: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    yield title
    for name, value in rows:
        yield f"  {name:52}{value:>16}"


def _n(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 10 else f"{amount:.2g}"  # noqa: PLR2004
