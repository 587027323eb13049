"""docs/metrics.md: every metric, and what all of them cost at most."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import get_args

from infra.prices import usd
from natter.domain.accounts.users import PushProvider
from natter.domain.errors import Internal, NatterError, NotFound, Unauthenticated, Unavailable
from natter.domain.push.waking import Reason
from natter.metrics import (
    AUTHORIZE,
    CACHE,
    CACHES,
    CODE,
    CONNECT,
    LEG,
    LEGS,
    METRICS,
    OK,
    PLATFORM,
    REASON,
    ROUTE,
    UNKNOWN,
    Metric,
)
from tests.docs.test_documents import error_leaves
from tests.documents import openapi
from tests.documents.asyncapi import CLIENT_FRAMES

METRIC_MONTH = usd("custom metric")
"""Dollars of each of the first 10,000; of one that is not there all month, of its hours."""
OF_NO_FRAME = {"method_not_allowed", "username_taken", "bad_token", "bad_credentials"}
CONNECTING: Sequence[type[NatterError]] = (Unauthenticated, Unavailable, Internal)

HEAD = """# Metrics

What the functions measure themselves, beside what AWS measures of its services. Made by `make docs` from
[`shared/natter/metrics.py`](../shared/natter/metrics.py); a function can emit nothing else. All are in the namespace
`Natter/STAGE` and have the dimension `service`, the function that says so; counts are added up over an invocation,
durations are kept one by one, so any percentile can be taken. How they are written is
[decision 22](decisions/0022-metrics-by-one-line-an-invocation.md).

| metric | unit | dimensions | by | what it is |
|---|---|---|---|---|
"""
COST = """
## What they cost

CloudWatch counts each combination of a metric and its dimensions' values that is there in an hour. If everything
happened in every hour of a month, each error on each route, each outcome on each platform, that would be:

| metrics | combinations at most | $ a month |
|---|---:|---:|
{rows}| **all {names}** | **{series}** | **{dollars:.0f}** |

What is paid by use are the log's lines that carry them: an invocation writes one (two, if it counts one thing by two
values), of about half a kilobyte: at 50 cents a gigabyte, a quarter of a dollar for a million frames.
"""


def document() -> str:
    rows = [_row(each) for each in METRICS]
    return HEAD + "".join(rows) + COST.format(**_costs())


def series(metric: Metric) -> int:
    """How many combinations there are at most."""
    if ROUTE in metric.extra:
        by_route = codes_by_route()
        return sum(map(len, by_route.values())) if CODE in metric.extra else len(by_route)
    values = {CACHE: CACHES, PLATFORM: get_args(PushProvider), REASON: get_args(Reason), LEG: LEGS}
    found = len(metric.by)
    for dimension in metric.extra:
        found *= len(values[dimension])
    return found


def codes_by_route() -> Mapping[str, set[str]]:
    """All that may be answered to what is asked."""
    leaves = error_leaves()
    frames = {OK, *(each.code for each in leaves)} - OF_NO_FRAME
    found = dict.fromkeys((*CLIENT_FRAMES, "$default"), frames)
    found |= {each: {OK, *(error.code for error in CONNECTING)} for each in (CONNECT, AUTHORIZE)}
    for route in chain.from_iterable(openapi.routes().values()):
        found[route.name] = {OK, *(each.code for each in route.errors)}
    return {**found, UNKNOWN: {NotFound.code, "method_not_allowed"}}


def _row(metric: Metric) -> str:
    by = ", ".join(f"`{each}`" for each in metric.by) if len(metric.by) < len(_all_functions()) else "all"
    dimensions = ", ".join(f"`{each}`" for each in metric.extra)
    return f"| `{metric.name}` | {metric.unit} | {dimensions} | {by} | {metric.meaning} |\n"


def _all_functions() -> set[str]:
    return {function for metric in METRICS for function in metric.by}


def _costs() -> Mapping[str, object]:
    kinds: dict[str, list[Metric]] = {}
    for each in METRICS:
        kinds.setdefault(f"by {' and '.join(each.extra)}" if each.extra else "by function alone", []).append(each)
    counted = {kind: sum(map(series, alike)) for kind, alike in kinds.items()}
    rows = "".join(f"| {kind} | {count} | {count * METRIC_MONTH:.0f} |\n" for kind, count in _largest_first(counted))
    total = sum(counted.values())
    return {"rows": rows, "names": len(METRICS), "series": total, "dollars": total * METRIC_MONTH}


def _largest_first(counted: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    return sorted(counted.items(), key=lambda item: -item[1])
