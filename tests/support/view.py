"""How a client makes what it shows from pages and live events (protocol, 3): nothing of the server."""

from collections.abc import Iterable, Mapping
from typing import Any

type Fields = dict[str, Any]

SAME = ("seq", "type", "at", "sender_id", "client_id", "reply_to", "mentions")
"""What never changes of an event, as long as it is there."""


class View:
    """
    One conversation as a client of `reader` has it.

    It keeps every event as it came, and of a message up to which place its state is known: the effects that it has
    from above that make what is shown. What is shown is right as soon as no event is missing in between.
    """

    def __init__(self, reader: str) -> None:
        self.reader = reader
        self.events: dict[int, Fields] = {}
        self._known: dict[int, int] = {}

    def take_page(self, events: Iterable[Mapping[str, Any]], *, state_seq: int) -> None:
        for event in events:
            self._take(dict(event), state_seq)

    def take_live(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            self._take(dict(event), event["seq"])

    def shown(self) -> dict[int, Fields]:
        """The events by place: messages as they are now, edits with their words only while those stand."""
        effects: dict[int, list[Fields]] = {}
        for seq in sorted(self.events):
            event = self.events[seq]
            if event["type"] in {"edit", "delete", "reaction"}:
                effects.setdefault(event["target_seq"], []).append(event)
        return {seq: self._shown(self.events[seq], effects) for seq in sorted(self.events)}

    def _take(self, event: Fields, known: int) -> None:
        seq = event["seq"]
        if known >= self._known.get(seq, 0):
            self.events[seq], self._known[seq] = event, known

    def _shown(self, event: Fields, effects: Mapping[int, list[Fields]]) -> Fields:
        if event["type"] == "message":
            for effect in effects.get(event["seq"], ()):
                if effect["seq"] > self._known[event["seq"]]:
                    event = applied(event, effect, self.reader)
        if event["type"] == "edit":
            later = [each for each in effects[event["target_seq"]] if each["seq"] > event["seq"]]
            if any(each["type"] in {"edit", "delete"} for each in later):
                return {name: value for name, value in event.items() if name != "content"}
        return event


def applied(message: Fields, effect: Fields, reader: str) -> Fields:
    """`message` after one more effect upon it."""
    if effect["type"] == "delete":
        kept = ("seq", "type", "at", "sender_id", "client_id")
        return {**{name: message[name] for name in kept if name in message}, "deleted_at": effect["at"]}
    if effect["type"] == "edit":
        edited = {"content": effect["content"], "edited_at": effect["at"]} if "content" in effect else {}
        return message | edited
    setters = {each["reaction"]: list(each["user_ids"]) for each in message.get("reactions", ())}
    users = setters.setdefault(effect["reaction"], [])
    user = effect["sender_id"]
    if effect.get("removed"):
        users[:] = [each for each in users if each != user]
    elif user not in users:
        users.append(user)
    reactions = [
        {"reaction": reaction, "count": len(users), "mine": reader in users, "user_ids": users}
        for reaction, users in setters.items()
        if users
    ]
    rest = {name: value for name, value in message.items() if name != "reactions"}
    return rest | ({"reactions": reactions} if reactions else {})


def agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether these can be the same event, shown at two times."""
    if "deleted_at" in one or "deleted_at" in other:
        return all(one.get(name) == other.get(name) for name in ("seq", "type", "at", "sender_id", "client_id"))
    if not all(one.get(name) == other.get(name) for name in SAME):
        return False
    if one["type"] == "message":
        return "edited_at" in {*one, *other} or one["content"] == other["content"]
    if one["type"] == "edit":
        words = [each["content"] for each in (one, other) if "content" in each]
        return one["target_seq"] == other["target_seq"] and words[:1] == words[-1:]
    return dict(one) == dict(other)
