"""How things stand, in a line."""

from collections.abc import Sequence

MOST_NAMED = 3


def connection(state: str, username: str, unsent: int, unread: int) -> tuple[str, bool]:
    """What to say, and whether it is that there is no connection."""
    waits = f", {unsent} unsent" if unsent else ""
    news = f"  {unread} unread" if unread else ""
    match state:
        case "open":
            return f"{username}: online{waits}{news}  Ctrl+P what one can do  F1 keys", False
        case "connecting":
            return f"{username}: connecting…{waits}{news}", False
        case "following":
            return f"{username}: through another window of yours{waits}{news}", False
        case "signed_out":
            return f"{username}: signed out{waits}", True
    return f"{username}: OFFLINE, what you write is kept and sent later{waits}{news}", True


def typing(names: Sequence[str]) -> str:
    if not names:
        return ""
    if len(names) > MOST_NAMED:
        return "several people type…"
    return f"{', '.join(names)} {'types' if len(names) == 1 else 'type'}…"
