"""
Every minute: goes on with the erasures of accounts that are not done, and has platforms forget the devices that are
woken no more. And does for operators what somebody cannot do themselves any more: an event with `end_sessions` names
whose sessions end at once, one with `erase` who is to be erased (docs/runbooks/leaked-token.md, erasures.md).
"""

from collections.abc import Callable, Mapping
from typing import Any

from natter.bootstrap.engines import Engines
from natter.domain.ids import UserId, new_id
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.settings import EraseSettings
from natter.telemetry import logger
from natter.telemetry.measured import record_erasures
from natter.usecases.privacy.empty_words import EmptyWords
from natter.usecases.privacy.erase import Erase, Erased
from natter.usecases.privacy.erase_self import RequestErasure
from natter.usecases.privacy.leave_for_good import LeaveForGood
from natter.usecases.privacy.remove_endpoints import RemoveEndpoints


class IncompleteErasureError(Exception):
    """A step of one failed: the function's alarm rings when that does not pass."""


def build(
    erase: Callable[[], Erased],
    remove_endpoints: Callable[[], int],
    *,
    end_sessions: Callable[[UserId], None],
    request_erasure: Callable[[UserId], None],
) -> LambdaHandler:
    def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        if "end_sessions" in event:
            user = UserId(event["end_sessions"])
            end_sessions(user)
            logger.info("sessions ended", extra={"user_id": user})
            return {"sessions_ended": user}
        if "erase" in event:
            user = UserId(event["erase"])
            request_erasure(user)
            logger.info("erasure asked for", extra={"user_id": user})
            return {"erasure_asked_for": user}
        return sweep()

    def sweep() -> dict[str, int]:
        swept = erase()
        record_erasures(swept)
        if swept.done or swept.failed:
            logger.info("erasures", extra={"done": swept.done, "failed": swept.failed})
        removed = remove_endpoints()
        if removed:
            logger.info("endpoints", extra={"removed": removed})
        if swept.failed:
            raise IncompleteErasureError(f"{swept.failed} erasures failed")
        return {"done": swept.done, "endpoints": removed}

    return handle


def _made() -> LambdaHandler:
    engines = Engines(EraseSettings())
    leave = LeaveForGood(
        conversations=engines.conversations, announce=engines.announce, new_id=new_id, now_ms=engines.now_ms
    )
    empty = EmptyWords(
        erasures=engines.erasures,
        timeline=engines.timeline,
        store=engines.event_store,
        attachments=engines.attachments,
        now_ms=engines.now_ms,
    )
    erase = Erase(
        erasures=engines.erasures,
        end_sessions=engines.end_sessions,
        connections=engines.connections,
        traces=engines.traces,
        watchers=engines.watchers,
        archives=engines.archives,
        badges=engines.shown_badges,
        leave=leave,
        empty=empty,
        now_ms=engines.now_ms,
    )
    remove_endpoints = RemoveEndpoints(
        abandoned=engines.abandoned_endpoints, endpoints=engines.push_endpoint_removal, now_ms=engines.now_ms
    )
    request_erasure = RequestErasure(
        erasures=engines.erasures, end_sessions=engines.end_sessions, now_ms=engines.now_ms
    )
    return build(erase, remove_endpoints, end_sessions=engines.end_sessions, request_erasure=request_erasure)


lambda_handler = lazily(_made)
