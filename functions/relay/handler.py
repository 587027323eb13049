"""Every minute: tells what was decided of conversations and not told, and forgets sessions that have ended."""

from collections.abc import Callable

from natter.bootstrap import relay as bootstrap
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.settings import RelaySettings
from natter.telemetry import logger
from natter.usecases.conversations.relay import Swept


class IncompleteSweepError(Exception):
    """Something stays untold: the function's alarm rings when that does not pass."""


def build(relay: Callable[[], Swept], forget_sessions: Callable[[], int]) -> LambdaHandler:
    def handle(_event: object, _context: object) -> dict[str, int]:
        swept = relay()
        if swept.announced or swept.failed:
            logger.info("outbox swept", extra={"announced": swept.announced, "failed": swept.failed})
        forgotten = forget_sessions()
        if forgotten:
            logger.info("sessions ended or forgotten", extra={"sessions": forgotten})
        if swept.failed:
            raise IncompleteSweepError(f"{swept.failed} conversations could not be announced")
        return {"announced": swept.announced}

    return handle


def _made() -> LambdaHandler:
    parts = bootstrap.relay(RelaySettings())
    return build(parts.relay, parts.forget_sessions)


lambda_handler = lazily(_made)
