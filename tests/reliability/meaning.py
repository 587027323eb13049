"""
What a log means, said sequentially by one reader. On its own: it shares no code with the fold.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from natter.domain.commands import (
    AddMembers,
    Command,
    CreateConversation,
    DeleteMessage,
    Item,
    PostMessage,
    Record,
    RemoveMember,
)
from natter.domain.conversations import Event
from natter.domain.ids import ConversationId, UserId

WEEK_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, kw_only=True)
class Expected:
    """An event, when it was decided, and who is to see it."""

    event: Event
    audience: frozenset[UserId]
    members_seq: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the connection of `record` has to be told: the event at `seq`, or a refusal."""

    record: Record
    client_id: str
    seq: int | None
    refusal: str | None


@dataclass(kw_only=True)
class History:
    events: list[Expected] = field(default_factory=list)
    roles: dict[UserId, str] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    members_seq: int = 0
    messages: int = 0


@dataclass(kw_only=True)
class Meaning:
    histories: dict[ConversationId, History] = field(default_factory=lambda: defaultdict(History))
    answers: list[Answer] = field(default_factory=list)


def meaning(log: Iterable[Record]) -> Meaning:
    """What the log means, read from its beginning to its end by one reader."""
    result = Meaning()
    spent: dict[tuple[str, str, str], tuple[int, int | None, str | None]] = {}
    for record in log:
        command = record.command
        history = result.histories[command.conversation_id]
        for item in command.items:
            owner = "the outbox" if command.decided else f"user {command.sender_id}"
            key = (command.conversation_id, owner, item.client_id)
            at, seq, refusal = spent.get(key, (None, None, None))
            is_retry = at is not None and record.at - at <= WEEK_MS
            if not is_retry:
                refusal = _refusal(history, command, item)
                seq = None if refusal else _happened(history, record, item)
                spent[key] = (record.at, seq, refusal)
            if is_retry or refusal:
                result.answers.append(Answer(record=record, client_id=item.client_id, seq=seq, refusal=refusal))
    return result


def _refusal(history: History, command: Command, item: Item) -> str | None:
    if command.decided:
        return None
    role = history.roles.get(command.sender_id)
    if role is None:
        return "not_member"
    if isinstance(item, PostMessage):
        return "not_found" if (item.reply_to or 0) > len(history.events) else None
    messages = {each.event.seq: each.event for each in history.events if each.event.type == "message"}
    if isinstance(item, DeleteMessage) and item.target_seq not in messages:
        return "not_found"
    if isinstance(item, DeleteMessage) and item.target_seq in history.deleted:
        return "gone"
    may = isinstance(item, DeleteMessage) and (
        messages[item.target_seq].sender_id == command.sender_id or role in {"owner", "admin"}
    )
    return None if may else "forbidden"


def _happened(history: History, record: Record, item: Item) -> int:
    seq = len(history.events) + 1
    leaver: set[UserId] = set()
    match item:
        case CreateConversation() | AddMembers():
            history.roles |= {member.user_id: member.role for member in item.members}
            history.members_seq = seq
        case RemoveMember():
            del history.roles[item.user_id]
            leaver = {item.user_id}
            history.members_seq = seq
        case DeleteMessage():
            history.deleted.add(item.target_seq)
        case PostMessage():
            history.messages += 1
    event = Event(
        conversation_id=record.command.conversation_id,
        seq=seq,
        type=item.type,
        at=record.at,
        sender_id=record.command.sender_id,
        client_id=None if record.command.decided else item.client_id,
        payload=item.payload(),
        messages=history.messages,
    )
    audience = frozenset(history.roles) | leaver
    history.events.append(Expected(event=event, audience=audience, members_seq=history.members_seq))
    return seq
