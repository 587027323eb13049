"""docs/capacity.md, from what was counted and from the model that `natter-capacity` asks."""

from collections.abc import Iterator, Mapping
from dataclasses import fields

from infra.capacity.bill import Bill
from infra.capacity.demand import Demand
from infra.capacity.hosted import OFFERS
from infra.capacity.limits import used
from infra.capacity.lists import SHOWN, lines, requests, table
from infra.capacity.measured import Measured, read, total
from infra.capacity.report import rates, says, sizes
from infra.capacity.sizing import QUERIES_PER_ACU, sized
from infra.capacity.usage import Usage
from tests.documents import cells

SHOWN_USERS = (10_000, 100_000, cells.USERS, cells.ALL)


def document() -> str:
    measured = read()
    return "".join(
        [
            *_head(measured),
            *_requests(measured),
            *_usage(),
            *_sizes(measured),
            *_limits(measured),
            *_costs(measured),
            *cells.section(measured),
            *_hosted(measured),
        ]
    )


def demands(measured: Measured) -> Mapping[int, Demand]:
    return {users: Demand(Usage(users=users), measured) for users in SHOWN_USERS}


def _head(measured: Measured) -> Iterator[str]:
    yield f"""\
# Capacity and cost

    .venv/bin/natter-capacity --users 1_000_000 --messages-per-user-day 40   # -h lists what can be said
    .venv/bin/natter-capacity --requests     # what one message is billed for

What so many users take on AWS, what stops them first and what lifts that, and what it costs. Made by `make docs` from \
`infra/capacity`. What one message, one connection, one receipt asks for was counted on {measured.date} on the local \
cloud by `{measured.command}`, which runs it as on AWS (`--secured`) and counts at the doors before the engines; it \
writes `infra/capacity/measured.json`, in which nothing is typed by hand \
([decision 33](decisions/0033-capacity-from-what-is-counted.md)). Each is done one after the other, so what records \
share under load, when an invocation takes several, is not in it: the figures are the dear side. Only what waits for a \
second in any case (`push`, and with it `wake`) took several at once here, too. Prices stand in \
[costs](costs.md#where-the-prices-are-from), quotas beside each limit.

Nobody has deployed this to AWS yet: these are the figures to compare the first bill with, not the bill.
"""
    if uncounted := Demand(Usage(), measured).uncounted:
        yield f"\n**Not counted yet, and so in no figure: {', '.join(uncounted)}.**\n"


def _requests(measured: Measured) -> Iterator[str]:
    yield "\n## What a message is billed for\n"
    for act in SHOWN:
        amounts = measured.acts[act]
        billed = f"{requests(amounts):.3g} requests that are billed one by one"
        yield f"\n**{act.capitalize()}** ({measured.about[act]}): {billed}.\n\n"
        yield table(amounts)
    yield """
How long functions take is the median on the machine that counted: two busy cores, engines on loopback, but behind \
doors. On AWS engines are in other zones, and nobody else is on the processor; the model takes it as the same until a \
deployment tells (`slower`). ECPU are reckoned by the rule of AWS's own estimator (a script costs its microseconds \
by three), units of Keyspaces from the sizes of rows and answers at its door. The ledger (`reconcile`) is in it: it \
reads each message once more. What is paid by the hour is not.

| | gateway messages | invocations | write units | read units | ECPU | $ a million |
|---|---:|---:|---:|---:|---:|---:|
"""
    for act, amounts in measured.acts.items():
        yield f"| {act} | " + " | ".join(_act(amounts)) + " |\n"
    yield "\n"
    yield from (f"* {act}: {about}\n" for act, about in measured.about.items())


def _act(amounts: Mapping[str, float]) -> Iterator[str]:
    invocations = sum(number for name, number in amounts.items() if name.endswith(".invocations"))
    yield f"{amounts.get('gateway.frames_in', 0) + amounts.get('gateway.frames_out', 0):.3g}"
    yield f"{invocations:.3g}"
    yield f"{total(amounts, 'keyspaces.write.'):.3g}"
    yield f"{total(amounts, 'keyspaces.read.'):.3g}"
    yield f"{amounts.get('valkey.ecpu', 0):.3g}"
    yield f"{sum(line.millions_usd for line in lines(amounts)):.2f}"


def _usage() -> Iterator[str]:
    yield "\n## Of whom it is reckoned\n\nAssumptions, each an option of the command:\n\n| | |\n|---|---:|\n"
    for each in fields(Usage):
        if each.name != "users":
            yield f"| `--{each.name.replace('_', '-')}`: {each.metadata['about']} | {each.default:g} |\n"
    yield f"""
Two more are no options: one Aurora capacity unit takes {QUERIES_PER_ACU} queries a second (not measured), and a post \
through NAT has 600 bytes beside its frame. Who is away is reckoned as woken for each message and as posted to all the \
same, which is too much: many messages at once become one push.
"""


def _table(title: str, columns: Mapping[str, list[tuple[str, str]]]) -> Iterator[str]:
    yield f"| {title} | " + " | ".join(columns) + " |\n|---|" + "---:|" * len(columns) + "\n"
    for number, (name, _) in enumerate(next(iter(columns.values()))):
        yield f"| {name} | " + " | ".join(rows[number][1] for rows in columns.values()) + " |\n"


def _sizes(measured: Measured) -> Iterator[str]:
    found = demands(measured)
    yield "\n## Ten thousand, a hundred thousand, a million, ten million connected\n\n"
    yield from _table("at the busiest time", {f"{users:,}": rates(demand) for users, demand in found.items()})
    yield "\n"
    yield from _table("sizes of the stage", {f"{users:,}": sizes(sized(demand)) for users, demand in found.items()})
    yield """
Ten million in one stage are there to show where it ends; [cells](#cells) are how they are served. Brokers are three \
of the smallest size that carries the log with a zone away. Of Valkey's memory only connections were measured: heads \
and members of the conversations that are talked in come on top, and go when they are not asked for.
"""


def _limits(measured: Measured) -> Iterator[str]:
    yield """
## What stops it first

With the sizes above, of which two fifths are free at the busiest time (`AT_MOST`), and nothing asked of AWS yet. What \
a stage chooses itself is met first where quotas are far:

| connected | first limit | what lifts it | then |
|---:|---|---|---|
"""
    for users, demand in demands(measured).items():
        first, *others = used(demand, sized(demand))
        exceeded = [f"{each.limit.name} ({each.share:.1f} times)" for each in others if each.share > 1]
        verdict = f"{first.limit.name}: {says(first)}"
        yield f"| {users:,} | {verdict} | {first.limit.lift} | {'; '.join(exceeded) or 'nothing is exceeded'} |\n"
    yield f"""
All of them, with the sizes of {cells.USERS:,}, by how many users meet them:

| limit | has | met at users | what lifts it |
|---|---:|---:|---|
"""
    demand = Demand(Usage(users=cells.USERS), measured)
    for each in used(demand, sized(demand)):
        name, source = each.limit.name, each.limit.source
        where = f"[{name}]({source})" if "://" in source else name
        yield f"| {where} | {each.has:,.0f} {each.limit.unit} | {each.users:,.0f} | {each.limit.lift} |\n"


def _costs(measured: Measured) -> Iterator[str]:
    bills = {f"{users:,}": Bill(demand, sized(demand)) for users, demand in demands(measured).items()}
    yield "\n## What it costs\n\n$ a month: list prices of us-east-1, no free tiers, discounts or savings plans.\n\n"
    columns = {
        users: [
            *((name, f"{usd:,.0f}") for name, usd in bill.by_service.items()),
            ("**together**", f"**{bill.total:,.0f}**"),
            ("a million messages", f"{bill.per_million_messages:,.2f}"),
            ("a user", f"{bill.per_user:.3f}"),
        ]
        for users, bill in bills.items()
    }
    yield from _table("", columns)
    usage = Usage()
    yield f"""
Storage is what is there after {usage.months_kept:g} months, with point-in-time recovery. The column of ten million is \
ten cells' worth of use in one stage, so without the fixed costs of the other nine; [below](#cells).

What moves the sum most, for {cells.USERS:,} (one assumption changed at a time):

| | $ a month |
|---|---:|
"""
    yield from _changes(measured)


def _changes(measured: Measured) -> Iterator[str]:
    changes: Mapping[str, Mapping[str, float]] = {
        "as above": {},
        "half as many messages": {"messages_per_user_day": 20},
        "no groups": {"group_share": 0.0},
        "nobody is away": {"away_share": 0.0},
        "connected for 2 hours, not 8": {"hours_connected": 2},
        "no receipts, no typing": {"receipts_per_message": 0, "typing_per_message": 0},
        "presence is asked for once an hour": {"watches_per_hour": 1},
        "functions take three times as long": {"slower": 3},
    }
    for name, change in changes.items():
        demand = Demand(Usage(users=cells.USERS, **change), measured)
        yield f"| {name} | {Bill(demand, sized(demand)).total:,.0f} |\n"


def _hosted(measured: Measured) -> Iterator[str]:
    yield "\n## Beside hosted chat\n\nPublic prices for the same usage, $ a month:\n\n"
    columns = {}
    for users, demand in demands(measured).items():
        rows = [("Natter on AWS", f"{Bill(demand, sized(demand)).total:,.0f}")]
        rows += [(name, f"{offer.monthly_usd(demand.usage):,.0f}") for name, offer in OFFERS.items()]
        columns[f"{users:,}"] = rows
    yield from _table("", columns)
    yield "\n"
    yield from (f"* {name}: {offer.says} ([stated here]({offer.source})).\n" for name, offer in OFFERS.items())
    yield """
Discounts for many are not public, and everybody who is that large has one. Not found, and so left out: what Stream, \
Sendbird and CometChat ask beyond their packages. What is compared is money for messages; people who run a stage, and \
what hosted chat has that Natter has not (and the other way round), are not in it.
"""
