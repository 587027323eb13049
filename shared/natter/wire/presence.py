"""Who is there: frames, and bodies of the HTTP API."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field

from natter.domain.ids import UserId
from natter.domain.presence import MAX_WATCHED, DeviceState, Presence, PresenceState
from natter.wire.base import WireModel, WireUserId
from natter.wire.frames import ClientFrame


def _several(text: Any) -> Any:
    """A parameter that is given several times comes as one, with commas (API Gateway, payload format 2.0)."""
    return text.split(",") if isinstance(text, str) else text


class PresenceItem(WireModel):
    user_id: UserId
    state: PresenceState
    last_seen_at: int | None = None

    @classmethod
    def of(cls, presence: Presence) -> Self:
        return cls(user_id=presence.user_id, state=presence.state, last_seen_at=presence.last_seen_at)


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


class WatchFrame(ClientFrame):
    """Replaces whom this connection watches, for ten minutes; whom the user may not see is left out."""

    action: Literal["watch"]
    user_ids: tuple[WireUserId, ...] = Field(max_length=MAX_WATCHED, strict=False)


class StatusFrame(ClientFrame):
    """How the user is on this device, until it connects again."""

    action: Literal["status"]
    state: DeviceState


class PresenceFrame(WireModel):
    """Answers `watch`, with its `id`; afterwards, without one, what has changed."""

    type: Literal["presence"] = "presence"
    id: str | None = None
    users: tuple[PresenceItem, ...]

    @classmethod
    def of(cls, presences: Sequence[Presence], *, id_: str | None = None) -> Self:
        return cls(id=id_, users=tuple(map(PresenceItem.of, presences)))
