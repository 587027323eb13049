"""
Every minute: makes sure that nothing which was accepted is lost. And tells operators where a message is: an event with
`where` names its conversation, and its `seq`, or `sender_id` and `client_id` (`natter-where`).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from natter.bootstrap.engines import Engines
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.settings import ReconcileSettings
from natter.telemetry.measured import record_reconciled
from natter.usecases.operations.locate import Locate, Located
from natter.usecases.operations.reconcile import Reconcile, Reconciled


def build(reconcile: Callable[[], Reconciled], locate: Locate) -> LambdaHandler:
    def where(asked: Mapping[str, Any]) -> dict[str, Any]:
        conversation = ConversationId(asked["conversation_id"])
        if "seq" in asked:
            return _told(locate.at(conversation, int(asked["seq"])))
        return _told(locate.sent(conversation, UserId(asked["sender_id"]), ClientId(asked["client_id"])))

    def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        if "where" in event:
            return where(event["where"])
        reconciled = reconcile()
        record_reconciled(reconciled)
        return {"items": reconciled.items, "unaccounted": reconciled.unaccounted}

    return handle


def _told(located: Located) -> dict[str, Any]:
    """All of it but what is said."""
    event, head = located.event, located.head
    return {
        "client_id": located.client_id,
        "sender_id": located.sender_id,
        "outcomes": [asdict(each) for each in located.outcomes],
        "event": None if event is None else {"seq": event.seq, "type": event.type, "at": event.at},
        "head": None if head is None else {"seq": head.seq, "partition": head.partition, "offset": head.offset},
        "members": located.members,
        "delivered_to": located.delivered_to,
        "read_by": located.read_by,
    }


def _made() -> LambdaHandler:
    engines = Engines(ReconcileSettings())
    reconcile = Reconcile(history=engines.command_history, timeline=engines.timeline, now_ms=engines.now_ms)
    return build(reconcile, Locate(timeline=engines.timeline))


lambda_handler = lazily(_made)
