"""Whether anybody sees from outside that all is well."""

from infra.config import Stage
from infra.operations.alarms import Alarms, Because, Own
from natter import metrics

MINUTES = 3


def visits(alarms: Alarms, own: Own, stage: Stage) -> None:
    """
    A ticket, not a page: that people cannot connect or send is in the service levels, of which failed visits are part.
    That nobody looks is as bad as that something is wrong: nobody would know.
    """
    if not stage.visited:
        return
    alarms.ticket(
        "visits-failing",
        own(metrics.VISITS_FAILED, "visit", statistic="max"),
        Because(
            why=f"For {MINUTES} minutes each visit from outside failed, or there was none",
            felt="as visitors do: the metric VisitFailures and the log of `visit` name what fails",
            runbook="visitors",
        ),
        above=0,
        minutes=MINUTES,
        silence_is_bad=True,
    )
