"""
A device that keeps its conversations as the protocol has it (4): live while it is connected, by sync and pages when
it comes back. What catching up takes is counted.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.api import Fields, User
from tests.support.copy import Copy
from tests.support.socket import Frame

HISTORY_LIMIT = 200


@dataclass
class Cost:
    """Of catching up."""

    requests: int = 0
    conversations: int = 0
    """That were told to be behind."""
    sent: int = 0
    """Bytes of bodies."""
    received: int = 0
    seconds: float = 0.0


@dataclass
class Returning:
    user: User
    copies: dict[str, Copy] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    """By conversation, how far its user has read, as far as it knows."""
    told: dict[str, int] = field(default_factory=dict)
    """What sync said is unread."""

    def take(self, frame: Frame) -> None:
        """A frame that came live."""
        match frame:
            case {"type": "events", "conversation_id": conversation, "events": events}:
                self.copies.setdefault(conversation, Copy(self.user.user_id)).take_live(events)
                for event in events:
                    if self._marks_read(event):
                        self._note_read(conversation, event["seq"])
            case {"type": "receipt", "conversation_id": conversation, "receipts": receipts}:
                for each in receipts:
                    if each["user_id"] == self.user.user_id:
                        self._note_read(conversation, each.get("read_seq", 0))

    async def catch_up(self) -> Cost:
        """Sync until it is told everything, and page through what is too much for that."""
        cost, began = Cost(), time.perf_counter()
        positions = {
            each: {"seq": copy.position, "read_seq": self.read.get(each, 0)} for each, copy in self.copies.items()
        }
        more: Fields = {}
        while True:
            answer = await self._ask(cost, "POST", "/v1/sync", {"positions": positions, **more})
            cost.conversations += len(answer["conversations"])
            for entry in answer["conversations"]:
                await self._synced(cost, entry)
            if "next_cursor" not in answer:
                break
            more = {"cursor": answer["next_cursor"]}
        cost.seconds = time.perf_counter() - began
        return cost

    async def read_inbox(self) -> Cost:
        """All of it."""
        cost, began, more = Cost(), time.perf_counter(), ""
        while True:
            page = await self._ask(cost, "GET", f"/v1/conversations?limit={HISTORY_LIMIT}{more}")
            cost.conversations += len(page["items"])
            if "next_cursor" not in page:
                break
            more = f"&cursor={page['next_cursor']}"
        cost.seconds = time.perf_counter() - began
        return cost

    def shown(self, conversation: str) -> Mapping[str, Any]:
        """What it shows of a conversation, and what counts as unread there."""
        copy, read = self.copies[conversation], self.read.get(conversation, 0)
        events = copy.shown()
        unread = [
            seq
            for seq, event in events.items()
            if event["type"] == "message" and event["sender_id"] != self.user.user_id and seq > read
        ]
        return {"position": copy.position, "events": events, "read_seq": read, "unread": len(unread)}

    async def _synced(self, cost: Cost, entry: Fields) -> None:
        conversation = entry["conversation_id"]
        if entry.get("removed"):
            self.copies.pop(conversation, None)
            return
        copy = self.copies.setdefault(conversation, Copy(self.user.user_id))
        self.told[conversation] = entry["unread"]
        self._note_read(conversation, entry["read_seq"])
        more = entry["limited"]
        if not more:
            copy.take_page(entry)
        while more:
            path = f"/v1/conversations/{conversation}/events?after={copy.position}&limit={HISTORY_LIMIT}"
            page = await self._ask(cost, "GET", path)
            copy.take_page(page)
            more = page["has_more"]

    async def _ask(self, cost: Cost, method: str, path: str, body: Any = None) -> Fields:
        reply = await self.user.call(method, path, body)
        cost.requests += 1
        cost.sent += 0 if body is None else len(json.dumps(body, ensure_ascii=False).encode())
        cost.received += int(reply.headers["Content-Length"])
        return dict(reply.expect(200))

    def _marks_read(self, event: Fields) -> bool:
        """One's own message, and that one is there from now on, count as read with all that is before."""
        if event["type"] in {"conversation_created", "member_added"}:
            return self.user.user_id in {each["user_id"] for each in event["members"]}
        return bool(event["type"] == "message" and event["sender_id"] == self.user.user_id)

    def _note_read(self, conversation: str, seq: int) -> None:
        self.read[conversation] = max(seq, self.read.get(conversation, 0))
