"""What members report to the operators."""

from typing import Annotated, Literal

from pydantic import Field

from natter.wire.base import Prose, Seq, WireConversationId, WireModel


class ReportBody(WireModel):
    conversation_id: WireConversationId
    seq: Seq
    reason: Annotated[Prose, Field(min_length=1, max_length=1000)]


class HealthAnswer(WireModel):
    status: Literal["ok", "unavailable"]
    version: str
