"""What happened in one run: what was acknowledged, what was refused, what was shown to whom."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

type Event = Mapping[str, Any]
type Key = tuple[str, str, str]
"""Conversation, sender, client_id: of one command."""


class Device(Protocol):
    """Who is shown something."""

    name: str
    user_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledged:
    """One command that is in the log."""

    conversation: str
    sender_id: str
    lane: str
    """The device that sent it, each command of a conversation after the ack of the one before."""
    client_id: str
    type: str
    fields: Mapping[str, Any]
    """As they were sent."""

    @property
    def key(self) -> Key:
        return self.conversation, self.sender_id, self.client_id

    def frame(self) -> dict[str, Any]:
        """The frame that asks for it again."""
        item = {"client_id": self.client_id, **self.fields}
        if self.type == "message":
            return {"action": "send", "conversation_id": self.conversation, "messages": [item]}
        action = "react" if self.type == "reaction" else self.type
        return {"action": action, "conversation_id": self.conversation, **item}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    device: str
    user_id: str
    conversation: str
    event: Event


@dataclass
class Ledger:
    attempted: set[Key] = field(default_factory=set)
    """All that was sent, acknowledged or not."""
    acknowledged: list[Acknowledged] = field(default_factory=list)
    observations: list[Shown] = field(default_factory=list)
    ragged: list[tuple[str, Sequence[int]]] = field(default_factory=list)
    """Frames whose events were not ascending and contiguous."""
    refusals: dict[Key, Event] = field(default_factory=dict)
    repeated: Counter[str] = field(default_factory=Counter)
    """Frames that were sent again, by why: the code that asked for it, or how there was no answer."""
    _events: dict[Key, Event] = field(default_factory=dict)

    def shown(self, device: Device, conversation: str, events: Sequence[Event]) -> None:
        places = [event["seq"] for event in events]
        if places and places != list(range(places[0], places[0] + len(places))):
            self.ragged.append((device.name, places))
        for event in events:
            self.observations.append(
                Shown(device=device.name, user_id=device.user_id, conversation=conversation, event=event)
            )
            if event.get("client_id") is not None:
                self._events[conversation, event["sender_id"], event["client_id"]] = event

    def refused(self, sender_id: str, error: Event) -> None:
        for client_id in error["client_ids"]:
            self.refusals[error["conversation_id"], sender_id, client_id] = error

    def outcome(self, sender_id: str, conversation: str, client_id: str) -> dict[str, Any] | None:
        """The event of a command, or the error that refused it; None if neither has come."""
        key = (conversation, sender_id, client_id)
        found = self._events.get(key) or self.refusals.get(key)
        return None if found is None else dict(found)


def commands_of(frame: Mapping[str, Any], device: Device) -> list[Acknowledged]:
    """What each item of a frame asks for, as the event that it becomes."""
    kind = {"send": "message", "react": "reaction"}.get(frame["action"]) or str(frame["action"])
    items = frame["messages"] if frame["action"] == "send" else [frame]
    return [
        Acknowledged(
            conversation=frame["conversation_id"],
            sender_id=device.user_id,
            lane=device.name,
            client_id=item["client_id"],
            type=kind,
            fields={name: item[name] for name in ("content", "target_seq", "reaction") if name in item},
        )
        for item in items
    ]
