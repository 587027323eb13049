"""docs/slo.md, from the values that the alarms are made of."""

from collections.abc import Iterator

from infra.operations.levels import BUDGET_DAYS, BURNS, CONNECT, DAY_S, LEVELS, QUICK, Availability, Burn, Level, budget

INTRODUCTION = f"""\
# Service levels

What users may expect of a stage, as numbers; made by `make docs` from `infra/operations/levels.py`, of which the \
alarms and the dashboard are made, too. What is promised without numbers stands in \
[architecture](architecture.md#the-promises).

| level | of {BUDGET_DAYS} days | may be bad | that is |
|---|---:|---:|---|
"""
LOSS = """\

**Loss: none.** Not a share: one message that was acknowledged and of which nothing tells what became (metric \
`Unaccounted`), or that was set aside, wakes somebody ([lost messages](runbooks/lost-messages.md)). Late is not lost.

## What is counted
"""
ALARMS = """\

## When somebody is told

An error budget is what may be bad. What counts is how fast it is spent: at 1 it is gone when the days are over.

| | spent so many times too fast | in each of | then | the budget is gone after |
|---|---:|---|---|---|
"""
REST = f"""\

Two windows, because a long one alone would ring for an hour after all is well, and a short one alone for every \
hiccup. Fewer than {CONNECT.fewest} bad attempts, or {QUICK.fewest} late messages, in a window tell nobody: where few \
people talk, one is a large share.

What wakes people is `natter-STAGE-users-feel-it`, one alarm for all levels, so that one cause wakes once, and \
`natter-STAGE-lost`. Everything else makes tickets. Each has a topic, `natter-STAGE-pages` and \
`natter-STAGE-tickets`; a stage's `alarm_address` is told of both, and a pager subscribes to the first. What to do is \
in [the runbook](runbooks/service-levels.md); where it hurts shows the dashboard `natter-STAGE` in CloudWatch, which \
the local cloud draws, too ([local cloud](local-cloud.md#the-dashboard)).

What the gateways themselves do not let through, or cannot hand on, reaches no function and is in these shares as far \
as visitors meet it: two people of the deployment's own come from outside every minute \
([visitors](runbooks/visitors.md)). Where few people talk, most of what is counted is theirs; what only some users \
meet they do not see, and the alarms `sockets-executionerror` and `http-5xx` tell of it. That visits fail, or that \
there are none, is a ticket by itself (`visits-failing`).

Services beneath promise no more than these levels each (MSK 99.9 %, API Gateway and Lambda 99.95 %), and less \
together. What people see is \
kept by clients that repeat, with an outbox, what was not acknowledged: an attempt that fails and is repeated counts \
as bad here all the same. No deployment on AWS was measured by these numbers yet.
"""


def document() -> str:
    return "".join(
        [
            INTRODUCTION,
            *(f"{_level(level)}\n" for level in LEVELS),
            LOSS,
            *_counted(),
            ALARMS,
            *(f"{_burn(burn)}\n" for burn in BURNS),
            REST,
        ]
    )


def _level(level: Level) -> str:
    share = budget(level)
    if isinstance(level, Availability):
        name, that = level.title, f"{share * BUDGET_DAYS * DAY_S / 60:.0f} minutes of nothing at all"
    else:
        name = f"A message on the others' screens within {level.within_ms} ms"
        that = f"one message in {1 / share:.0f}"
    return f"| {name} | {100 * level.objective:g} % | {100 * share:g} % | {that} |"


def _counted() -> Iterator[str]:
    """Levels that count the same have one paragraph."""
    titles: dict[str, list[str]] = {}
    for level in LEVELS:
        titles.setdefault(level.counts, []).append(level.title)
    for counts, named in titles.items():
        yield f"\n**{', '.join(named)}.** {counts}\n"


def _burn(burn: Burn) -> str:
    windows = " and ".join(
        window.name if window.periods == 1 else f"the last {window.periods} days" for window in burn.windows
    )
    told = "somebody is woken" if burn.urgency == "page" else "a ticket"
    return f"| {burn.name} | {burn.rate:g} | {windows} | {told} | {BUDGET_DAYS / burn.rate:.1f} days |"
