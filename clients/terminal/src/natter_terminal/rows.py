"""
A conversation as rows to draw, from what the store knows: pure, and safe to draw.

What was written here and has no place yet is shown as it will be, with the state that it is in.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

from natter_client.core.outbox import SETTLED
from natter_terminal.safe import safe, safe_line

TOGETHER_MS = 5 * 60_000
"""Messages of one person so soon after each other have one header."""
SENT = "placed"
KB = 1000

type Event = Mapping[str, Any]
type Kind = Literal["edge", "day", "new", "note", "message"]


@dataclass(frozen=True, slots=True)
class Change:
    """An edit, deletion or reaction that has no place yet."""

    client_id: str
    action: str
    state: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    key: str
    """The same for as long as it is about the same."""
    kind: Kind = "message"
    text: str = ""
    seq: int | None = None
    client_id: str | None = None
    sender_id: str = ""
    name: str = ""
    at: int = 0
    time: str = ""
    has_header: bool = False
    is_mine: bool = False
    reply_to: int | None = None
    quote: tuple[str, str] | None = None
    """Of what it answers: who, what."""
    reactions: tuple[tuple[str, int, bool], ...] = ()
    """Which, how often, whether by oneself."""
    state: str = ""
    """Of one's own: `queued`, `acked`, `placed`, `delivered`, `read`, `refused`, `failed`."""
    why: str = ""
    readers: int = 0
    is_edited: bool = False
    is_deleted: bool = False
    mentions_me: bool = False
    mentioned: tuple[str, ...] = ()
    attachment_id: str | None = None
    file: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What is known of the part of a conversation that is looked at."""

    me: str
    events: Sequence[Event]
    unsent: Sequence[Mapping[str, Any]] = ()
    """In the order of writing; those of this conversation."""
    others: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How far they are: `{user_id: {read_seq, delivered_seq}}`."""
    name_of: Callable[[str], str] = lambda user_id: user_id
    event_at: Callable[[int], Event | None] = lambda _: None
    """What is answered may be far above."""
    file_of: Callable[[str], tuple[str, int] | None] = lambda _: None
    """Name and size of what a message shows, by its id."""
    is_direct: bool = True
    new_after: int | None = None
    """The place up to which one had read when one came."""
    edge: str = ""
    """What to say above the first row."""
    zone: tzinfo = UTC
    now: int = 0
    """Milliseconds since the epoch."""


def rows_of(talk: Talk) -> list[Row]:
    pending: dict[int, list[Mapping[str, Any]]] = {}
    for entry in talk.unsent:
        if entry["action"] != "send":
            pending.setdefault(entry["fields"]["target_seq"], []).append(entry)
    rows = [Row(key="edge", kind="edge", text=talk.edge)] if talk.edge else []
    said = [row for event in talk.events if (row := _row_of(event, pending, talk)) is not None]
    written = [_unsent(entry, talk) for entry in talk.unsent if entry["action"] == "send"]
    return rows + list(_with_breaks([*said, *written], talk))


def _row_of(event: Event, pending: Mapping[int, Sequence[Mapping[str, Any]]], talk: Talk) -> Row | None:
    if event["type"] != "message":
        text = note_of(event, talk.name_of)
        return None if text is None else Row(key=f"n{event['seq']}", kind="note", seq=event["seq"], text=text)
    row = _message(event, talk)
    for entry in pending.get(event["seq"], ()):
        row = _changed(row, entry)
    return row


def note_of(event: Event, name_of: Callable[[str], str]) -> str | None:  # noqa: PLR0911 - a type of event each
    """What an event that is no message says; None: nothing that a row is worth."""
    who = safe_line(name_of(event["sender_id"]))
    match event["type"]:
        case "conversation_created" if event.get("kind") == "group":
            return f"{who} began {safe_line(event.get('title') or 'a group')}"
        case "member_added":
            return f"{who} added {_names((each['user_id'] for each in event['members']), name_of)}"
        case "member_removed" if event["user_id"] == event["sender_id"]:
            return f"{who} left"
        case "member_removed":
            return f"{who} removed {safe_line(name_of(event['user_id']))}"
        case "role_changed":
            return f"{who} made {safe_line(name_of(event['user_id']))} {safe_line(str(event.get('role')))}"
        case "conversation_changed" if event.get("title"):
            return f"{who} called it {safe_line(event['title'])}"
    return None


def _names(user_ids: Iterable[str], name_of: Callable[[str], str]) -> str:
    return ", ".join(safe_line(name_of(each)) for each in user_ids)


def _message(event: Event, talk: Talk) -> Row:
    seq, sender = event["seq"], event["sender_id"]
    is_mine = sender == talk.me
    state, readers = _receipt(seq, talk) if is_mine else ("", 0)
    row = _said(event, talk)
    return replace(
        row,
        key=f"m{event['client_id']}" if is_mine and "client_id" in event else f"s{seq}",
        seq=seq,
        sender_id=sender,
        name="You" if is_mine else safe_line(talk.name_of(sender)),
        at=event["at"],
        time=_time(event["at"], talk.zone),
        is_mine=is_mine,
        state=state,
        readers=readers,
        is_edited="edited_at" in event,
        is_deleted="deleted_at" in event,
        reactions=tuple(
            (safe_line(each["reaction"]), each["count"], each["mine"]) for each in event.get("reactions", ())
        ),
    )


def _said(fields: Mapping[str, Any], talk: Talk) -> Row:
    """What a message says, whether it has its place or not."""
    content = fields.get("content") or {}
    mentioned = fields.get("mentions") or ()
    target = fields.get("reply_to")
    is_file = content.get("type") == "attachment"
    text = "something sealed, which this client cannot open" if content.get("type") == "sealed" else None
    return Row(
        key="",
        text=text or safe(content.get("text") or "").strip("\n"),
        client_id=fields.get("client_id"),
        reply_to=target,
        quote=None if target is None else _quote(target, talk),
        mentions_me=talk.me in mentioned,
        mentioned=tuple(safe_line(talk.name_of(each)) for each in mentioned),
        attachment_id=content.get("attachment_id") if is_file else None,
        file=_file(talk.file_of(str(content.get("attachment_id")))) if is_file else "",
    )


def _file(known: tuple[str, int] | None) -> str:
    return "a file" if known is None else f"{safe_line(known[0]) or 'a file'}, {size_of(known[1])}"


def size_of(size: int) -> str:
    """For people."""
    if size < KB:
        return f"{size} B"
    value, unit = (size / KB, "KB") if size < KB * KB else (size / KB / KB, "MB")
    return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"  # noqa: PLR2004 - two digits are enough


def _quote(seq: int, talk: Talk) -> tuple[str, str]:
    event = talk.event_at(seq)
    if event is None:
        return "", "a message further up"
    name = "You" if event["sender_id"] == talk.me else safe_line(talk.name_of(event["sender_id"]))
    content = event.get("content") or {}
    if "deleted_at" in event:
        return name, "(deleted)"
    return name, safe_line(content.get("text") or "…")


def _receipt(seq: int, talk: Talk) -> tuple[str, int]:
    readers = sum(cursors.get("read_seq", 0) >= seq for cursors in talk.others.values())
    if readers:
        return "read", readers
    if talk.is_direct and any(cursors.get("delivered_seq", 0) >= seq for cursors in talk.others.values()):
        return "delivered", 0
    return SENT, 0


def why_of(entry: Mapping[str, Any]) -> str:
    error: Mapping[str, Any] = entry.get("error") or {}
    return safe_line(str(error.get("detail") or error.get("code") or ""))


def _unsent(entry: Mapping[str, Any], talk: Talk) -> Row:
    fields, client_id = entry["fields"], entry["client_id"]
    at = entry.get("acked_at") or entry.get("first_sent_at") or talk.now
    return replace(
        _said(fields, talk),
        key=f"m{client_id}",
        client_id=client_id,
        sender_id=talk.me,
        name="You",
        at=at,
        time=_time(at, talk.zone),
        is_mine=True,
        state=entry["state"],
        why=why_of(entry),
    )


def _changed(row: Row, entry: Mapping[str, Any]) -> Row:
    """As it looks when a change has its place. One that is refused shows only that."""
    change = Change(entry["client_id"], entry["action"], entry["state"], why_of(entry))
    row = replace(row, changes=(*row.changes, change))
    if change.state in SETTLED:
        return row
    fields = entry["fields"]
    match change.action:
        case "edit":
            return replace(row, text=safe(fields["content"].get("text") or ""), is_edited=True)
        case "delete":
            return replace(row, is_deleted=True, reactions=())
        case "react":
            return replace(
                row, reactions=_reacted(row.reactions, safe_line(fields["reaction"]), bool(fields.get("remove")))
            )
    return row


def _reacted(
    reactions: tuple[tuple[str, int, bool], ...], reaction: str, is_removed: bool
) -> tuple[tuple[str, int, bool], ...]:
    known = {name: (count, mine) for name, count, mine in reactions}
    count, mine = known.get(reaction, (0, False))
    if mine == is_removed:
        known[reaction] = (count - 1 if is_removed else count + 1, not is_removed)
    return tuple((name, count, mine) for name, (count, mine) in known.items() if count > 0)


def _with_breaks(rows: Iterable[Row], talk: Talk) -> Iterable[Row]:
    """Days, where one had read up to, and who says what follows."""
    today = _date(talk.now, talk.zone)
    day, before, is_marked = None, None, talk.new_after is None
    for row in rows:
        if row.kind != "message":
            yield row
            before = None
            continue
        date = _date(row.at, talk.zone)
        if date != day:
            yield Row(
                key=f"d{date}", kind="day", text="Today" if date == today else f"{date:%A}, {date.day} {date:%B %Y}"
            )
            day, before = date, None
        if not is_marked and not row.is_mine and row.seq is not None and row.seq > (talk.new_after or 0):
            yield Row(key="new", kind="new", text="new")
            is_marked, before = True, None
        follows = before is not None and before.sender_id == row.sender_id and row.at - before.at < TOGETHER_MS
        yield replace(row, has_header=not follows or row.quote is not None)
        before = row


def _date(at: int, zone: tzinfo) -> Any:
    return datetime.fromtimestamp(at / 1000, zone).date()


def _time(at: int, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(at / 1000, zone):%H:%M}"
