"""One conversation as the fake cloud has it: its log, folded at once, and its members."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from natter_client.errors import BadRequest, Conflict, Forbidden, Gone, NatterError, NotFound, NotMember

type Event = dict[str, Any]

RETRY_WINDOW_MS = 7 * 24 * 3600 * 1000
"""For which a client_id is remembered: the same later is another command."""
MOST_EDITS, MOST_REACTIONS, MOST_NAMED = 100, 50, 20


@dataclass
class Member:
    user_id: str
    role: str
    joined_at: int
    first_seq: int
    read_seq: int
    delivered_seq: int
    settings: dict[str, Any] = field(default_factory=lambda: {"archived": False, "notify": "all"})


@dataclass
class State:
    """A message as it is now."""

    content: dict[str, Any] | None
    edited_at: int | None = None
    deleted_at: int | None = None
    last_change: int = 0
    """The place of the last edit or deletion: what earlier edits say is gone."""
    edits: int = 0
    reactions: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Conversation:
    conversation_id: str
    kind: str
    created_at: int
    created_by: str
    title: str | None = None
    avatar: str | None = None
    history: str = "joined"
    activity: int = 0
    """Grows with what happens anywhere: the order of inboxes."""
    members: dict[str, Member] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)
    states: dict[int, State] = field(default_factory=dict)
    _decided: dict[tuple[str, str], tuple[int, int | NatterError]] = field(default_factory=dict)
    """When, and what became of a sender's client_id: a place, or why not."""

    @property
    def head(self) -> int:
        return len(self.log)

    def member(self, user_id: str) -> Member:
        """
        Raises:
            NotMember
        """
        if user_id not in self.members:
            raise NotMember("not a member of this conversation")
        return self.members[user_id]

    def append(self, kind: str, sender_id: str, at: int, fields: Mapping[str, Any]) -> Event:
        event = {"seq": self.head + 1, "type": kind, "at": at, "sender_id": sender_id, **fields}
        self.log.append(event)
        return event

    def decide(self, kind: str, sender_id: str, at: int, fields: Mapping[str, Any]) -> tuple[Event, bool]:
        """
        The event of a command with a client_id, and whether it is new; that of a repetition is as in a page.

        Raises:
            NatterError: it is refused, as it was when it came first.
        """
        key = (sender_id, fields["client_id"])
        known = self.outcome(*key, at)
        if isinstance(known, NatterError):
            raise known
        if known is not None:
            return self.shown(self.log[known - 1], sender_id), False
        try:
            self._check(kind, self.member(sender_id), fields)
        except NatterError as error:
            self._decided[key] = at, error
            raise
        event = self.append(kind, sender_id, at, fields)
        self._decided[key] = at, event["seq"]
        self._apply(event)
        return event, True

    def outcome(self, sender_id: str, client_id: str, at: int) -> int | NatterError | None:
        """What became of it, if it was decided and is not forgotten."""
        decided_at, found = self._decided.get((sender_id, client_id), (at, None))
        return found if at - decided_at <= RETRY_WINDOW_MS else None

    def shown(self, event: Event, reader: str) -> Event:
        """As it stands in a page now."""
        if event["type"] == "edit" and self.states[event["target_seq"]].last_change != event["seq"]:
            return {name: value for name, value in event.items() if name != "content"}
        state = self.states.get(event["seq"])
        if state is None:
            return event
        if state.deleted_at is not None:
            kept = {name: event[name] for name in ("seq", "type", "at", "sender_id", "client_id")}
            return {**kept, "deleted_at": state.deleted_at}
        shown = {**event, "content": state.content}
        if state.edited_at is not None:
            shown["edited_at"] = state.edited_at
        if state.reactions:
            shown["reactions"] = [
                {"reaction": each, "count": len(users), "mine": reader in users, "user_ids": users[:MOST_NAMED]}
                for each, users in state.reactions.items()
            ]
        return shown

    def shows(self, attachment_id: str, first_seq: int) -> bool:
        """Whether a message from `first_seq` on shows a file now."""
        states = (state for seq, state in self.states.items() if seq >= first_seq)
        return any((state.content or {}).get("attachment_id") == attachment_id for state in states)

    def unread(self, member: Member) -> int:
        return sum(
            event["type"] == "message" and event["sender_id"] != member.user_id
            for event in self.log[max(member.read_seq, member.first_seq - 1) :]
        )

    def read(self, member: Member, seq: int, *, delivered_only: bool = False) -> dict[str, int]:
        """
        Move the cursors; what has changed.

        Raises:
            BadRequest: beyond the head.
        """
        if seq > self.head:
            raise BadRequest("seq: beyond the head")
        changed = {}
        if not delivered_only and seq > member.read_seq:
            member.read_seq = changed["read_seq"] = seq
        if seq > member.delivered_seq:
            member.delivered_seq = changed["delivered_seq"] = seq
        return changed

    def _check(self, kind: str, sender: Member, fields: Mapping[str, Any]) -> None:
        target = fields["reply_to"] if kind == "message" and "reply_to" in fields else fields.get("target_seq")
        if target is None:
            return
        state = self.states.get(target)
        if state is None or target < sender.first_seq:
            raise NotFound("the target is missing or not a message")
        if kind == "message":
            return
        if state.deleted_at is not None:
            raise Gone("the message was deleted")
        is_own = self.log[target - 1]["sender_id"] == sender.user_id
        may_delete = is_own or (self.kind == "group" and sender.role in {"owner", "admin"})
        if (kind == "edit" and not is_own) or (kind == "delete" and not may_delete):
            raise Forbidden("not allowed to change this message")
        new_reaction = kind == "reaction" and not fields.get("removed") and fields["reaction"] not in state.reactions
        if (kind == "edit" and state.edits >= MOST_EDITS) or (new_reaction and len(state.reactions) >= MOST_REACTIONS):
            raise Conflict("the message takes no more of these")

    def _apply(self, event: Event) -> None:
        if event["type"] == "message":
            self.states[event["seq"]] = State(event["content"])
            sender = self.members[event["sender_id"]]
            self.read(sender, event["seq"])
            return
        state = self.states[event["target_seq"]]
        match event["type"]:
            case "edit":
                state.content, state.edited_at = event["content"], event["at"]
                state.edits += 1
                state.last_change = event["seq"]
            case "delete":
                state.deleted_at, state.content, state.last_change = event["at"], None, event["seq"]
            case "reaction":
                users = state.reactions.setdefault(event["reaction"], [])
                if event.get("removed"):
                    users[:] = [each for each in users if each != event["sender_id"]]
                elif event["sender_id"] not in users:
                    users.append(event["sender_id"])
                if not users:
                    del state.reactions[event["reaction"]]
