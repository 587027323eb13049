"""
Every minute: tells what was decided of conversations and not told, makes known what is not known of blocks, and forgets
sessions that have ended. Says how old the password is that functions sign in to the database with.
"""

from collections.abc import Callable

from natter.bootstrap.engines import Engines
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.settings import RelaySettings
from natter.telemetry import logger
from natter.telemetry.measured import record_login
from natter.usecases.accounts.forget_sessions import ForgetSessions
from natter.usecases.conversations.relay import Relay, Relayed


class IncompleteSweepError(Exception):
    """Something stays untold: the function's alarm rings when that does not pass."""


def build(
    relay: Callable[[], Relayed], forget_sessions: Callable[[], int], login_age_ms: Callable[[], int]
) -> LambdaHandler:
    def handle(_event: object, _context: object) -> dict[str, int]:
        swept = relay()
        done = {"announced": swept.announced, "replaced": swept.replaced}
        if any(done.values()) or swept.failed:
            logger.info("outbox swept", extra={**done, "failed": swept.failed})
        forgotten = forget_sessions()
        if forgotten:
            logger.info("sessions ended or forgotten", extra={"sessions": forgotten})
        record_login(login_age_ms)
        if swept.failed:
            raise IncompleteSweepError(f"{swept.failed} conversations could not be completed")
        return done

    return handle


def _made() -> LambdaHandler:
    engines = Engines(RelaySettings())
    relay = Relay(
        conversations=engines.conversations,
        admission=engines.admission,
        announce=engines.announce,
        now_ms=engines.now_ms,
    )
    forget_sessions = ForgetSessions(sessions=engines.sessions, now_ms=engines.now_ms)
    return build(relay, forget_sessions, lambda: engines.now_ms() - engines.login_made_at())


lambda_handler = lazily(_made)
