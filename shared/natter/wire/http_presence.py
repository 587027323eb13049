"""Bodies of the HTTP API about who is there."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field

from natter.domain.presence import MAX_WATCHED, Presence
from natter.wire.base import WireModel, WireUserId
from natter.wire.signals import PresenceItem


def _several(text: Any) -> Any:
    """A parameter that is given several times comes as one, with commas (API Gateway, payload format 2.0)."""
    return text.split(",") if isinstance(text, str) else text


class PresenceQuery(WireModel):
    user_id: Annotated[
        tuple[WireUserId, ...], Field(min_length=1, max_length=MAX_WATCHED, strict=False), BeforeValidator(_several)
    ]


class PresencesAnswer(WireModel):
    """Whom the asking user may see."""

    users: tuple[PresenceItem, ...]

    @classmethod
    def of(cls, presences: Sequence[Presence]) -> Self:
        return cls(users=tuple(map(PresenceItem.of, presences)))
