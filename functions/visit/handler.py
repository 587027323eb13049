"""
Every minute: two people whom the deployment has made of itself talk through its public URLs, from outside its network,
so that somebody knows what users see when no user is there.
"""

import time
from collections.abc import Callable
from functools import cache

from natter.bootstrap.engines import Engines
from natter.domain.ids import new_id
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.ports.visiting import Failure
from natter.settings import VisitSettings
from natter.telemetry import logger
from natter.telemetry.measured import record_visit
from natter.usecases.operations.erase_visitors import EraseVisitors
from natter.usecases.operations.visit import Visit, Visited


def build(visit: Callable[[], Visited], erase_visitors: Callable[[], int]) -> LambdaHandler:
    def handle(_event: object, _context: object) -> dict[str, object]:
        """What failed is an answer, not an error of this function: it is counted, and named in the log."""
        visited = visit()
        record_visit(visited)
        for step in visited.failed:
            logger.error("a visitor was let down", extra={"leg": step.leg, "failure": step.failure, "ms": step.ms})
        for failure in visited.untidy:
            logger.warning("a visitor did not leave", extra={"failure": failure})
        if not visited.failed:
            try:
                if erased := erase_visitors():
                    logger.info("visitors erased", extra={"erased": erased})
            except Failure as failure:
                logger.warning("visitors of last week are left", extra={"failure": str(failure)})
        return {"legs": {step.leg: step.ms for step in visited.steps}, "failed": [step.leg for step in visited.failed]}

    return handle


def _made() -> LambdaHandler:
    engines = Engines(VisitSettings())
    secret = cache(engines.visitors_secret)  # another one is other people: it is read once an environment
    visit = Visit(
        open_deployment=engines.open_deployment,
        sink=engines.push_sink,
        secret=secret,
        new_id=new_id,
        now_ms=engines.now_ms,
        clock=time.monotonic,
        pause=time.sleep,
    )
    erase_visitors = EraseVisitors(
        open_deployment=engines.open_deployment, secret=secret, now_ms=engines.now_ms, clock=time.monotonic
    )
    return build(visit, erase_visitors)


lambda_handler = lazily(_made)
