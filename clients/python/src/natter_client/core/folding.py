"""What a message looks like after what happened to it, by the protocol's rules for clients."""

from collections.abc import Mapping
from typing import Any

from natter_client.core.part import Event

EFFECTS = frozenset({"edit", "delete", "reaction"})
KEPT = ("seq", "type", "at", "sender_id", "client_id")
"""What stays of a deleted message."""
MOST_NAMED = 20
"""Of those who have set a reaction."""


def deleted(message: Mapping[str, Any], at: int) -> Event:
    return {**{name: message[name] for name in KEPT if name in message}, "deleted_at": at}


def applied(message: Event, effect: Mapping[str, Any], me: str) -> Event:
    """`message` after `effect` upon it; the same object if nothing changes."""
    if "deleted_at" in message:
        return message
    match effect["type"]:
        case "delete":
            return deleted(message, effect["at"])
        case "edit" if "content" in effect:
            return {**message, "content": effect["content"], "edited_at": effect["at"]}
        case "reaction":
            return _reacted(message, effect, me)
    return message


def _reacted(message: Event, effect: Mapping[str, Any], me: str) -> Event:
    reactions = [dict(each) for each in message.get("reactions", ())]
    user, name = effect["sender_id"], effect["reaction"]
    known = next((each for each in reactions if each["reaction"] == name), None)
    if effect.get("removed"):
        if known is None or not _remove(known, user, me):
            return message
        reactions = [each for each in reactions if each["count"] > 0]
    elif known is None:
        reactions.append({"reaction": name, "count": 1, "mine": user == me, "user_ids": [user]})
    elif user in known["user_ids"] or (user == me and known["mine"]):
        return message
    else:
        known["count"] += 1
        known["mine"] = known["mine"] or user == me
        if len(known["user_ids"]) < MOST_NAMED:
            known["user_ids"] = [*known["user_ids"], user]
    rest = {each: value for each, value in message.items() if each != "reactions"}
    return {**rest, "reactions": reactions} if reactions else rest


def _remove(reaction: dict[str, Any], user: str, me: str) -> bool:
    """Take `user` out; whether they were in. Who is not named may be, if more are counted than named."""
    named = user in reaction["user_ids"]
    is_mine = user == me and reaction["mine"]
    if not named and not is_mine and (user == me or reaction["count"] <= len(reaction["user_ids"])):
        return False
    reaction["count"] -= 1
    reaction["user_ids"] = [each for each in reaction["user_ids"] if each != user]
    if user == me:
        reaction["mine"] = False
    return True
