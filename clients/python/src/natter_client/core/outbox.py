"""What was written and has no place in the log yet. Nothing here is ever lost but by its author's wish."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from natter_client.core.part import (
    Effect,
    Given,
    Random,
    backoff_ms,
    earliest,
    is_gateway_failure,
    is_retryable,
)

type Entry = dict[str, Any]

MOST_MESSAGES, MOST_BYTES = 20, 32_768
DOUBT_MS, UNANSWERED_MS = 10_000, 30_000
PLACE_MS, LONGEST_PLACE_MS = 15_000, 300_000
LONGEST_ID = "o" * 16
HOUR_MS = 3_600_000
EXPIRES_MS = (7 * 24 - 1) * HOUR_MS
"""The log knows a client_id for seven days: sent first longer ago, it could come twice."""
SETTLED = frozenset({"refused", "failed"})
"""States in which nothing is sent, until its author decides."""
OF_THE_WHOLE = frozenset({"not_member", "forbidden"})
"""Codes that concern every command of a frame alike."""


class _Lane:
    """One conversation's turn: a frame under way, or a wait."""

    def __init__(self) -> None:
        self.frame_id: str | None = None
        self.under_way: list[str] = []
        self.sent_at = 0
        self.doubted = False
        self.wait_until = 0
        self.failures = 0

    def end(self) -> list[str]:
        under_way, self.under_way, self.frame_id = self.under_way, [], None
        return under_way


class Outbox:
    def __init__(self, entries: Iterable[Mapping[str, Any]] = ()) -> None:
        self.entries: dict[str, Entry] = {each["client_id"]: dict(each) for each in entries}
        self._lanes: dict[str, _Lane] = {}
        self._alone: set[str] = set()
        """Sent in frames of their own, since one of those sent together was refused."""
        self._due: dict[str, int] = {}
        self._waits: dict[str, int] = {}
        self._is_open = False
        self._frames = 0
        for entry in self.entries.values():
            if entry["state"] == "acked":
                self._expect(entry, entry["acked_at"])

    @property
    def wake_at(self) -> int | None:
        if not self._is_open:
            return None
        queued = {each["conversation_id"] for each in self.entries.values() if each["state"] == "queued"}
        times: list[int] = list(self._due.values())
        for conversation, lane in self._lanes.items():
            if lane.frame_id is not None:
                times.append(lane.sent_at + (UNANSWERED_MS if lane.doubted else DOUBT_MS))
            elif conversation in queued:
                times.append(lane.wait_until)
        return earliest(*times)

    def view(self) -> dict[str, Any]:
        return {"entries": list(self.entries.values())}

    def step(self, given: Given, at: int, random: Random) -> list[Effect]:  # noqa: C901, PLR0912 - an input each
        effects: list[Effect] = []
        match given["type"]:
            case "write":
                self._write(dict(given["entry"]), effects)
            case "opened":
                self._is_open = True
            case "closed":
                self._is_open = False
                for lane in self._lanes.values():
                    self._requeue(lane.end())
            case "frame":
                self._frame(given["frame"], at, random, effects)
            case "placed":
                for client_id in given["client_ids"]:
                    if client_id in self.entries:
                        self._forget(client_id, effects)
            case "passed_over":
                for entry in self.entries.values():
                    if entry["conversation_id"] == given["conversation_id"] and entry["state"] == "acked":
                        self._again(entry)
            case "cancel":
                if self._state(given["client_id"]) in {"queued", *SETTLED}:
                    self._forget(given["client_id"], effects)
            case "retry":
                self._retry(given["client_id"], given["as"], effects)
        if self._is_open:
            self._time(at, random, effects)
            self._pump(at, effects)
        return effects

    def _state(self, client_id: str) -> str:
        return str(self.entries[client_id]["state"]) if client_id in self.entries else ""

    def _lane(self, conversation: str) -> _Lane:
        return self._lanes.setdefault(conversation, _Lane())

    def _write(self, entry: Entry, effects: list[Effect]) -> None:
        if entry["client_id"] in self.entries:
            return
        self.entries[entry["client_id"]] = entry
        if _size(self._to_frame([entry], LONGEST_ID)) > MOST_BYTES:
            self._settle(entry, "refused", {"code": "too_large"}, effects)

    def _retry(self, client_id: str, new_id: str, effects: list[Effect]) -> None:
        if self._state(client_id) not in SETTLED:
            return
        old = self.entries[client_id]
        entry = {name: old[name] for name in ("conversation_id", "action", "fields")}
        self.entries[new_id] = {"client_id": new_id, **entry, "state": "queued"}
        effects.append({"type": "save", "entry": dict(self.entries[new_id])})
        self._forget(client_id, effects)

    def _forget(self, client_id: str, effects: list[Effect]) -> None:
        del self.entries[client_id]
        self._expect_no_more(client_id)
        self._waits.pop(client_id, None)
        self._alone.discard(client_id)
        effects.append({"type": "forget", "client_id": client_id})

    def _settle(self, entry: Entry, state: str, error: Mapping[str, Any], effects: list[Effect]) -> None:
        """Refused or failed: until its author decides."""
        self._expect_no_more(entry["client_id"])
        entry["state"] = state
        entry["error"] = {name: error[name] for name in ("code", "detail") if name in error}
        effects.append({"type": "save", "entry": dict(entry)})

    def _expect(self, entry: Entry, at: int) -> None:
        """It is acknowledged: its place has to come."""
        self._due[entry["client_id"]] = at + self._waits.get(entry["client_id"], PLACE_MS)

    def _expect_no_more(self, client_id: str) -> None:
        self._due.pop(client_id, None)

    def _again(self, entry: Entry) -> None:
        """
        Acknowledged, but nobody knows its place: sent once more, its sender is shown it. In the store it stays
        `acked`: after a restart it is due, too.
        """
        client_id = entry["client_id"]
        self._expect_no_more(client_id)
        self._waits[client_id] = min(2 * self._waits.get(client_id, PLACE_MS), LONGEST_PLACE_MS)
        entry["state"] = "queued"

    def _requeue(self, client_ids: Iterable[str]) -> None:
        for client_id in client_ids:
            if self._state(client_id) == "in_flight":
                self.entries[client_id]["state"] = "queued"

    def _frame(self, frame: Given, at: int, random: Random, effects: list[Effect]) -> None:
        if is_gateway_failure(frame):
            for lane in sorted(self._busy(), key=lambda lane: int(str(lane.frame_id)[1:])):
                self._unanswered(lane, 0, at, random)
        elif frame.get("type") == "ack":
            self._ack(frame, at, effects)
        elif frame.get("type") == "error" and "id" in frame:
            for lane in self._busy():
                if lane.frame_id == frame["id"]:
                    self._refused(lane, frame, at, random, effects)
        elif frame.get("type") == "error":
            for client_id in frame.get("client_ids", ()):
                if self._state(client_id) in {"queued", "in_flight", "acked"}:
                    self._settle(self.entries[client_id], "refused", frame, effects)

    def _busy(self) -> list[_Lane]:
        return [lane for lane in self._lanes.values() if lane.frame_id is not None]

    def _ack(self, frame: Given, at: int, effects: list[Effect]) -> None:
        for accepted in frame["accepted"]:
            client_id = accepted["client_id"]
            if self._state(client_id) in {"queued", "in_flight", "acked"}:
                entry = self.entries[client_id]
                entry["state"] = "acked"
                entry.setdefault("acked_at", at)
                self._expect(entry, at)
                effects.append({"type": "save", "entry": dict(entry)})
        lane = self._lane(frame["conversation_id"])
        if lane.frame_id is not None and lane.frame_id == frame.get("id"):
            self._requeue(lane.end())
            lane.failures = 0

    def _refused(self, lane: _Lane, error: Given, at: int, random: Random, effects: list[Effect]) -> None:
        if is_retryable(error) or error["code"] == "unauthenticated":
            self._unanswered(lane, error.get("retry_after_ms", 0), at, random)
            return
        client_ids = lane.end()
        lane.failures = 0
        together = [each for each in client_ids if self._state(each) == "in_flight"]
        if len(client_ids) == 1 or error["code"] in OF_THE_WHOLE:
            for client_id in together:
                self._settle(self.entries[client_id], "refused", error, effects)
        else:
            self._alone.update(together)
            self._requeue(together)

    def _unanswered(self, lane: _Lane, after_ms: int, at: int, random: Random) -> None:
        self._requeue(lane.end())
        lane.wait_until = at + after_ms + backoff_ms(lane.failures, random)
        lane.failures += 1

    def _time(self, at: int, random: Random, effects: list[Effect]) -> None:
        """What time itself brings."""
        for lane in self._busy():
            if at >= lane.sent_at + UNANSWERED_MS:
                self._unanswered(lane, 0, at, random)
            elif at >= lane.sent_at + DOUBT_MS and not lane.doubted:
                lane.doubted = True
                effects.append({"type": "doubt"})
        for client_id in [each for each, due in self._due.items() if due <= at]:
            self._again(self.entries[client_id])

    def _pump(self, at: int, effects: list[Effect]) -> None:
        """Send what may be sent, in the order of the oldest that is queued."""
        queued: dict[str, list[Entry]] = {}
        for entry in self.entries.values():
            if entry["state"] == "queued":
                queued.setdefault(entry["conversation_id"], []).append(entry)
        for conversation, entries in queued.items():
            lane = self._lane(conversation)
            if lane.frame_id is None and lane.wait_until <= at:
                fresh = [entry for entry in entries if not self._expired(entry, at, effects)]
                if fresh:
                    self._send(lane, fresh, at, effects)

    def _expired(self, entry: Entry, at: int, effects: list[Effect]) -> bool:
        if at - entry.get("first_sent_at", at) < EXPIRES_MS:
            return False
        if "acked_at" in entry:
            self._forget(entry["client_id"], effects)  # it is in the log
        else:
            self._settle(entry, "failed", {"code": "expired"}, effects)
        return True

    def _send(self, lane: _Lane, entries: list[Entry], at: int, effects: list[Effect]) -> None:
        self._frames += 1
        frame_id = f"o{self._frames}"
        batch = entries[:1]
        for entry in entries[1:MOST_MESSAGES]:
            is_apart = any(each["action"] != "send" or each["client_id"] in self._alone for each in (batch[0], entry))
            if is_apart or _size(self._to_frame([*batch, entry], frame_id)) > MOST_BYTES:
                break
            batch.append(entry)
        for entry in batch:
            if "first_sent_at" not in entry:
                entry["first_sent_at"] = at
                effects.append({"type": "save", "entry": dict(entry)})
            entry["state"] = "in_flight"
        lane.frame_id, lane.under_way = frame_id, [each["client_id"] for each in batch]
        lane.sent_at, lane.doubted = at, False
        effects.append({"type": "send", "frame": self._to_frame(batch, frame_id)})

    def _to_frame(self, batch: list[Entry], frame_id: str) -> dict[str, Any]:
        first = batch[0]
        frame = {"action": first["action"], "id": frame_id, "conversation_id": first["conversation_id"]}
        if first["action"] != "send":
            return {**frame, "client_id": first["client_id"], **first["fields"]}
        return {**frame, "messages": [{"client_id": each["client_id"], **each["fields"]} for each in batch]}


def _size(frame: object) -> int:
    return len(json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode())
