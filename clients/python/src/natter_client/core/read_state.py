"""How far everybody has read, what is unread, and telling how far one has read oneself. Of all conversations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from natter_client.core.part import Effect, Given, Random, backoff_ms, is_gateway_failure, is_retryable

AT_ONCE, EACH_MS = 10, 200
"""Over all conversations so many frames go at once, and one more in each such time."""
APART_MS = 1_000
"""A conversation is told of at most this often."""


@dataclass
class _Cursors:
    read_seq: int = 0
    delivered_seq: int = 0

    def move(self, read_seq: int = 0, delivered_seq: int = 0) -> bool:
        """Never back; what was read was delivered. Whether anything changed."""
        before = self.read_seq, self.delivered_seq
        self.read_seq = max(self.read_seq, read_seq)
        self.delivered_seq = max(self.delivered_seq, delivered_seq, self.read_seq)
        return before != (self.read_seq, self.delivered_seq)


@dataclass
class _Conversation:
    head_seq: int = 0
    low: int = 0
    """Where the events begin that are held; 0: none are."""
    mine: _Cursors = field(default_factory=_Cursors)
    server: _Cursors = field(default_factory=_Cursors)
    """What the server knows of that, or refused to."""
    others: dict[str, _Cursors] = field(default_factory=dict)
    unread: int = 0
    held: set[int] = field(default_factory=set)
    """Messages of others above the cursor."""
    counted_to: int = 0
    """Up to where `unread` counts, while it cannot be counted from what is held."""
    told: _Cursors = field(default_factory=_Cursors)
    """What is on its way to the server."""
    not_before: int = 0
    failures: int = 0


class ReadState:
    def __init__(self, me: str, conversations: Mapping[str, Any] | None = None) -> None:
        self._me = me
        self._conversations: dict[str, _Conversation] = {}
        self._is_open = False
        self._sent = 0
        self._spent_until = 0
        """When all that was sent would have been, one by one."""
        self._unanswered: dict[str, tuple[str, str, int]] = {}
        self._due: dict[str, int] = {}
        self.answered: str | None = None
        """The conversation of the last frame that was answered."""
        for name, each in (conversations or {}).items():
            known = self._conversations[name] = _Conversation(each["head_seq"])
            known.mine.move(each["read_seq"], each["delivered_seq"])
            for cursors in (known.server, known.told):
                cursors.move(**each["told"])
            known.unread, known.counted_to = each.get("unread", 0), each["head_seq"]
            known.others = {user: _Cursors(**cursors) for user, cursors in each.get("others", {}).items()}

    @property
    def wake_at(self) -> int | None:
        return max(min(self._due.values()), self._free_at) if self._is_open and self._due else None

    @property
    def _free_at(self) -> int:
        return self._spent_until - (AT_ONCE - 1) * EACH_MS

    def view(self) -> dict[str, Any]:
        return {"conversations": {name: self.view_of(name) for name in self._conversations}}

    def read_seq(self, name: str) -> int:
        return self._conversations[name].mine.read_seq if name in self._conversations else 0

    def view_of(self, name: str) -> dict[str, Any]:
        each = self._conversations.get(name) or _Conversation()
        return {
            "head_seq": each.head_seq,
            "low": each.low,
            "read_seq": each.mine.read_seq,
            "delivered_seq": each.mine.delivered_seq,
            "told": vars(each.server),
            "unread": each.unread,
            "others": {user: vars(cursors) for user, cursors in each.others.items()},
        }

    def step(self, given: Given, at: int, random: Random) -> list[Effect]:
        effects: list[Effect] = []
        name = given.get("conversation_id", "")
        match given["type"]:
            case "events" | "synced" | "receipt" | "read":
                known = self._conversations.setdefault(name, _Conversation())
                unread, before = known.unread, vars(known.mine).copy()
                getattr(self, f"_{given['type']}")(name, known, given, effects)
                self._count(known)
                if known.mine.read_seq != before["read_seq"]:
                    effects.append(self._seen(name, self._me, known.mine))
                if known.unread != unread:
                    effects.append({"type": "unread", "conversation_id": name, "unread": known.unread})
                self._expect(name, known, at)
            case "gone":
                self._conversations.pop(name, None)
                self._due.pop(name, None)
                self._unanswered = {each: told for each, told in self._unanswered.items() if told[0] != name}
            case "opened":
                self._is_open = True
                self._due.clear()
                for each, known in self._conversations.items():
                    self._expect(each, known, at)
            case "closed":
                self._is_open = False
                self._due.clear()
                for conversation, _, _ in self._unanswered.values():
                    known = self._conversations[conversation]
                    known.told = _Cursors(known.server.read_seq, known.server.delivered_seq)
                self._unanswered.clear()
            case "frame":
                self._frame(given["frame"], at, random)
        self._tell(at, effects)
        return effects

    def _events(self, name: str, known: _Conversation, given: Given, effects: list[Effect]) -> None:
        del name, effects
        known.low = given["low"]
        known.held = {seq for seq in known.held if seq >= given["low"]}
        for event in given["events"]:
            seq = event["seq"]
            known.head_seq = max(known.head_seq, seq)
            if event["type"] != "message":
                continue
            if event["sender_id"] == self._me:
                known.mine.move(seq)
                known.server.move(seq)
            else:
                if seq not in known.held and seq > known.mine.read_seq:
                    known.held.add(seq)
                    known.unread += seq > known.counted_to
                known.mine.move(delivered_seq=seq)
        known.counted_to = max(known.counted_to, known.head_seq)

    def _synced(self, name: str, known: _Conversation, given: Given, effects: list[Effect]) -> None:
        del name, effects
        known.head_seq = max(known.head_seq, given["head_seq"])
        known.mine.move(given["read_seq"])
        known.server.move(given["read_seq"])
        if given["read_seq"] >= known.mine.read_seq:
            known.unread, known.counted_to = given["unread"], given["head_seq"]

    def _receipt(self, name: str, known: _Conversation, given: Given, effects: list[Effect]) -> None:
        for each in given["receipts"]:
            moved = {each_name: each[each_name] for each_name in ("read_seq", "delivered_seq") if each_name in each}
            if each["user_id"] == self._me:
                known.mine.move(**moved)
                known.server.move(**moved)
            elif known.others.setdefault(each["user_id"], _Cursors()).move(**moved):
                effects.append(self._seen(name, each["user_id"], known.others[each["user_id"]]))

    def _read(self, name: str, known: _Conversation, given: Given, effects: list[Effect]) -> None:
        del name, effects
        known.mine.move(min(given["seq"], known.head_seq))

    def _count(self, known: _Conversation) -> None:
        known.held = {seq for seq in known.held if seq > known.mine.read_seq}
        if 0 < known.low <= known.mine.read_seq + 1 or known.mine.read_seq >= known.head_seq:
            known.unread = len(known.held)

    def _seen(self, name: str, user: str, cursors: _Cursors) -> Effect:
        return {"type": "seen", "conversation_id": name, "user_id": user, **vars(cursors)}

    def _expect(self, name: str, known: _Conversation, at: int) -> None:
        """Tell the server, now or when it is time."""
        known.told.move(known.server.read_seq, known.server.delivered_seq)
        if known.mine.read_seq > known.told.read_seq or known.mine.delivered_seq > known.told.delivered_seq:
            self._due.setdefault(name, max(at, known.not_before))
        else:
            self._due.pop(name, None)

    def _tell(self, at: int, effects: list[Effect]) -> None:
        if not self._is_open:
            return
        for name in [each for each, due in self._due.items() if due <= at]:
            if at < self._free_at:
                return
            del self._due[name]
            self._spent_until = max(self._spent_until, at) + EACH_MS
            known = self._conversations[name]
            kind = "read" if known.mine.read_seq > known.told.read_seq else "delivered"
            seq = known.mine.read_seq if kind == "read" else known.mine.delivered_seq
            self._sent += 1
            request = f"r{self._sent}"
            self._unanswered[request] = name, kind, seq
            known.not_before = at + APART_MS
            known.told.move(**{f"{kind}_seq": seq})
            frame = {"action": kind, "id": request, "conversation_id": name, "seq": seq}
            effects.append({"type": "send", "frame": frame})
            self._expect(name, known, at)

    def _frame(self, frame: Given, at: int, random: Random) -> None:
        if is_gateway_failure(frame):
            for request in list(self._unanswered):
                self._answered(request, at, random, again_ms=0)
        elif frame.get("id") in self._unanswered and frame.get("type") in {"ok", "error"}:
            again_ms = frame.get("retry_after_ms", 0) if frame["type"] == "error" and is_retryable(frame) else None
            self._answered(frame["id"], at, random, again_ms=again_ms)

    def _answered(self, request: str, at: int, random: Random, *, again_ms: int | None) -> None:
        name, kind, seq = self._unanswered.pop(request)
        self.answered = name
        known = self._conversations[name]
        if again_ms is None:  # told, or refused for good
            known.server.move(**{f"{kind}_seq": seq})
            known.failures = 0
            return
        known.told = _Cursors(known.server.read_seq, known.server.delivered_seq)
        known.not_before = at + max(APART_MS, again_ms) + backoff_ms(known.failures, random)
        known.failures += 1
        self._due.pop(name, None)
        self._expect(name, known, at)
