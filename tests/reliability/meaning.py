"""
What a log means, said sequentially by one reader. On its own: it shares no code with the fold.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from natter.domain.conversations.members import Role
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.commands import (
    AddMembers,
    ChangeConversation,
    ChangeRole,
    Command,
    CreateConversation,
    DeleteMessage,
    EditMessage,
    EraseMember,
    Item,
    PostMessage,
    React,
    Record,
    RemoveMember,
)
from natter.domain.messages.events import Event
from tests.reliability.load import BOUNDS
from tests.reliability.ports import is_poison

WEEK_MS = 7 * 24 * 3600 * 1000

type Spent = dict[tuple[str, str, str], tuple[int, int | None, str | None]]
"""Of each conversation, owner and client id: when it was used, and what became of it."""


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


@dataclass
class Reactions:
    """To one message: who holds each, in the order of setting, and which of them are named."""

    holders: dict[str, dict[UserId, bool]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        reaction, user = event.payload["reaction"], event.sender_id
        users = self.holders.setdefault(reaction, {})
        if "removed" in event.payload:
            users.pop(user, None)
        elif user not in users:
            users[user] = sum(users.values()) < BOUNDS.named
        if not users:
            del self.holders[reaction]

    def shown(self, reader: UserId) -> dict[str, Any]:
        shown = [
            {
                "reaction": reaction,
                "count": len(users),
                "mine": reader in users,
                "user_ids": [user for user, is_named in users.items() if is_named],
            }
            for reaction, users in self.holders.items()
        ]
        return {"reactions": shown} if shown else {}


@dataclass(kw_only=True)
class History:
    events: list[Expected] = field(default_factory=list)
    roles: dict[UserId, Role] = field(default_factory=dict)
    joined: dict[UserId, int] = field(default_factory=dict)
    """Where each member joined, the last time."""
    deleted: dict[int, int] = field(default_factory=dict)
    """When each message was deleted that was."""
    erased: dict[UserId, int] = field(default_factory=dict)
    """When everybody was erased who was; their words stay in the tables until `erase` empties them."""
    edits: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Places of the edits of each message."""
    reactions: dict[int, "Reactions"] = field(default_factory=lambda: defaultdict(Reactions))
    members_seq: int = 0
    messages: int = 0
    history: str = "joined"

    def as_kept(self, expected: Expected) -> Event:
        """The event as the store has it in the end: what was deleted says nothing, nor does an edit of it."""
        event = expected.event
        if event.seq in self.deleted:
            return replace(event, payload={"deleted_at": self.deleted[event.seq]})
        if event.type == "edit" and event.payload["target_seq"] in self.deleted:
            return replace(event, payload={"target_seq": event.payload["target_seq"]})
        return event

    def as_shown_again(self, expected: Expected) -> Iterable[Event]:
        """A message as its sender may be shown it again: as of each place since its own."""
        event = expected.event
        payload = event.payload
        reactions = Reactions()
        for later in (each.event for each in self.events[event.seq :]):
            if event.type != "message" or later.payload.get("target_seq") != event.seq:
                continue
            if later.type == "edit":
                payload = {**payload, "content": later.payload["content"], "edited_at": later.at}
            elif later.type == "delete":
                payload, reactions = {"deleted_at": later.at}, Reactions()
            else:
                reactions.take(later)
            yield replace(event, payload={**payload, **reactions.shown(event.sender_id)})

    def files(self, *, first: int, last: int) -> set[str]:
        """What the messages from place `first` on show when the last event is the one at `last`."""
        shown: dict[int, tuple[str | None, UserId]] = {}
        erased: set[UserId] = set()
        for event in (each.event for each in self.events[:last]):
            file = event.payload.get("content", {}).get("attachment_id")
            if event.type == "message":
                shown[event.seq] = file, event.sender_id
            elif event.type == "edit":
                shown[event.payload["target_seq"]] = file, event.sender_id
            elif event.type == "delete":
                del shown[event.payload["target_seq"]]
            elif event.type == "member_erased":
                erased.add(event.payload["user_id"])
        return {file for seq, (file, user) in shown.items() if file is not None and seq >= first and user not in erased}

    def preview(self) -> Event | None:
        """The last message as it is shown in the end."""
        last = next((each.event for each in reversed(self.events) if each.event.type == "message"), None)
        if last is None:
            return None
        if last.seq in self.deleted:
            return replace(last, payload={"deleted_at": self.deleted[last.seq]})
        if last.sender_id in self.erased:
            return replace(last, payload={"deleted_at": self.erased[last.sender_id]})
        if not self.edits[last.seq]:
            return last
        edit = self.events[self.edits[last.seq][-1] - 1].event
        return replace(last, payload={**last.payload, "content": edit.payload["content"], "edited_at": edit.at})


@dataclass(kw_only=True)
class Meaning:
    histories: dict[ConversationId, History] = field(default_factory=lambda: defaultdict(History))
    answers: list[Answer] = field(default_factory=list)
    aside: list[Record] = field(default_factory=list)
    """Of which something was accepted that can never be stored: they have not happened."""


def meaning(log: Sequence[Record]) -> Meaning:
    """What the log means, read from its beginning to its end by one reader."""
    result = Meaning()
    spent: Spent = {}
    for record in log:
        conversation = record.command.conversation_id
        before = None
        if any(is_poison(item.payload()) for item in record.command.items):
            before = deepcopy(result.histories[conversation]), dict(spent), list(result.answers)
        if _is_storable(result, spent, record):
            continue
        assert before is not None
        result.histories[conversation], spent, result.answers = before
        result.aside.append(record)
    return result


def _is_storable(result: Meaning, spent: Spent, record: Record) -> bool:
    """Let `record` happen; False if something of it that was accepted can never be stored."""
    command = record.command
    history = result.histories[command.conversation_id]
    for item in command.items:
        owner = "the outbox" if command.decided else f"user {command.sender_id}"
        key = (command.conversation_id, owner, item.client_id)
        at, seq, refusal = spent.get(key, (None, None, None))
        is_retry = at is not None and record.at - at <= WEEK_MS
        if not is_retry:
            refusal = _refusal(history, command, item)
            if refusal is None and is_poison(item.payload()):
                return False
            seq = None if refusal else _happened(history, record, item)
            spent[key] = (record.at, seq, refusal)
        if is_retry or refusal:
            result.answers.append(Answer(record=record, client_id=item.client_id, seq=seq, refusal=refusal))
    return True


def _refusal(history: History, command: Command, item: Item) -> str | None:
    if command.decided:
        return None
    role = history.roles.get(command.sender_id)
    if role is None:
        return "not_member"
    if isinstance(item, PostMessage):
        return None if item.reply_to is None or _readable(history, command.sender_id, item.reply_to) else "not_found"
    if not isinstance(item, EditMessage | DeleteMessage | React):
        return "forbidden"
    return _target_refusal(history, command.sender_id, role, item)


def _target_refusal(
    history: History, sender: UserId, role: str, item: EditMessage | DeleteMessage | React
) -> str | None:
    message = _readable(history, sender, item.target_seq)
    if message is None:
        return "not_found"
    if message.seq in history.deleted or message.sender_id in history.erased:
        return "gone"
    runs_it = isinstance(item, DeleteMessage) and role in {"owner", "admin"}
    if not (isinstance(item, React) or runs_it or message.sender_id == sender):
        return "forbidden"
    return "conflict" if _is_full(history, item) else None


def _readable(history: History, reader: UserId, seq: int) -> Event | None:
    """The message at `seq`, if there is one that the member may read."""
    first = 1 if history.history == "all" else history.joined[reader]
    found = next((each.event for each in history.events if each.event.seq == seq), None)
    return found if found is not None and found.type == "message" and seq >= first else None


def _is_full(history: History, item: EditMessage | DeleteMessage | React) -> bool:
    if isinstance(item, EditMessage):
        return len(history.edits[item.target_seq]) >= BOUNDS.edits
    if isinstance(item, DeleteMessage) or item.remove:
        return False
    held = history.reactions[item.target_seq].holders
    return item.reaction not in held and len(held) >= BOUNDS.reactions


def _happened(history: History, record: Record, item: Item) -> int:
    seq = len(history.events) + 1
    leaver: set[UserId] = set()
    match item:
        case CreateConversation() | AddMembers():
            history.joined |= {each.user_id: seq for each in item.members if each.user_id not in history.roles}
            history.roles |= {member.user_id: member.role for member in item.members}
            history.members_seq = seq
            history.history = item.history if isinstance(item, CreateConversation) else history.history
        case RemoveMember():
            del history.roles[item.user_id]
            leaver = {item.user_id}
            history.members_seq = seq
        case EraseMember():
            history.roles.pop(item.user_id, None)
            history.erased[item.user_id] = record.at
            history.members_seq = seq
        case ChangeRole():
            history.roles[item.user_id] = item.role
            history.members_seq = seq
        case EditMessage():
            history.edits[item.target_seq].append(seq)
        case DeleteMessage():
            history.deleted[item.target_seq] = record.at
        case PostMessage():
            history.messages += 1
        case React() | ChangeConversation():
            pass
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
    if isinstance(item, React):
        history.reactions[item.target_seq].take(event)
    audience = frozenset(history.roles) | leaver
    history.events.append(Expected(event=event, audience=audience, members_seq=history.members_seq))
    return seq
