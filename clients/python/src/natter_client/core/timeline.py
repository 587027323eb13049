"""One conversation's events: a run of the log without holes, what came early, and what is fetched."""

from collections.abc import Iterable, Mapping
from typing import Any

from natter_client.core.folding import EFFECTS, applied, deleted
from natter_client.core.part import Effect, Event, Given, Random, backoff_ms, earliest

FORWARD_LIMIT, LIMIT = 200, 50
HOLE_MS = 1000
FORBIDDEN, NOT_FOUND = 403, 404


class _Fetch:
    """A page that is asked for again and again, until it is there."""

    def __init__(self) -> None:
        self.asked: dict[str, int] | None = None
        self.retry_at: int | None = None
        self.failures = 0

    def ask(self, **place: int) -> Effect:
        self.asked, self.retry_at = place, None
        return {"type": "fetch", **place, "limit": FORWARD_LIMIT if "after" in place else LIMIT}

    def failed(self, at: int, after_ms: int, random: Random) -> None:
        self.retry_at = at + after_ms + backoff_ms(self.failures, random)
        self.failures += 1

    def answered(self) -> None:
        self.__init__()  # type: ignore[misc]


class Timeline:
    """Feed it every `events` frame, page and sync entry, in any order, repeats included."""

    def __init__(self, me: str, stored: Mapping[str, Any] | None = None) -> None:
        """`stored`: `{first_seq, head_seq, events, known}`, the events without a hole."""
        self._me = me
        self.low, self.position = 1, 0
        self.events: list[Event] = []
        self._known: dict[int, int] = {}
        self._ahead: dict[int, tuple[Event, int]] = {}
        self._empty()
        if stored is not None:
            self.first_seq, self.head_seq = stored["first_seq"], stored["head_seq"]
            self.events = list(stored["events"])
            self._known = {int(seq): known for seq, known in stored["known"].items()}
            self.low = self.events[0]["seq"] if self.events else self.first_seq
            self.position = self.low + len(self.events) - 1

    def _empty(self) -> None:
        self.first_seq, self.head_seq = 1, 0
        self.low, self.position = 1, 0
        self.events, self._known, self._ahead = [], {}, {}
        self._hole_at: int | None = None
        self._forward, self._back = _Fetch(), _Fetch()

    @property
    def wake_at(self) -> int | None:
        return earliest(self._hole_at, self._forward.retry_at, self._back.retry_at)

    @property
    def is_idle(self) -> bool:
        """Nothing is missing or asked for: all there is to it is stored."""
        return not self._ahead and self._forward.asked is None and self._back.asked is None

    def view(self) -> dict[str, Any]:
        return {
            "first_seq": self.first_seq,
            "head_seq": self.head_seq,
            "position": self.position,
            "events": self.events,
            "known": self.known(),
            "ahead": sorted(self._ahead),
        }

    def known(self) -> dict[str, int]:
        """Of messages, by place: up to which their state is known, where that is above `position`."""
        return {str(seq): known for seq, known in sorted(self._known.items()) if known > self.position}

    def known_of(self, seq: int) -> int:
        """Up to which place an event's state is known."""
        return self._known.get(seq, seq)

    def event(self, seq: int) -> Event:
        return self.events[seq - self.low]

    def extend(self, stored: Mapping[str, Any]) -> None:
        """Take back what was left in the store: the events right below `low`."""
        self.events[:0] = stored["events"]
        self._known = {**stored["known"], **self._known}
        self.low -= len(stored["events"])

    def step(self, given: Given, at: int, random: Random) -> list[Effect]:
        step = _Step(self, at, random)
        match given["type"]:
            case "live":
                self._live(given["events"], step)
            case "page":
                self._page(given["asked"], given["page"], step)
            case "fetch_failed":
                self._failed(given, step)
            case "synced":
                self._synced(given["entry"], step)
            case "older":
                self._older(step)
            case "wake":
                self._again(step)
        return step.end()

    def _live(self, events: Iterable[Event], step: "_Step") -> None:
        was_empty = not self.events
        for event in events:
            rest = {name: value for name, value in event.items() if name != "reactions"}
            self._put(rest, event["seq"], step)
        self._advance(step)
        if was_empty and not self.events and self._forward.asked is None and self._ahead:
            step.fetches.append(self._forward.ask())

    def _put(self, event: Event, known: int, step: "_Step") -> None:
        """Keep it ahead, or note that it is there already."""
        seq = event["seq"]
        self.head_seq = max(self.head_seq, seq)
        if self.events and seq <= self.position:
            step.place(event)
        elif seq not in self._ahead or known > self._ahead[seq][1]:
            self._ahead[seq] = event, known

    def _advance(self, step: "_Step") -> None:
        """Move over what follows without a hole. Where the run begins on an empty timeline a page or sync says."""
        while self.events and self.position + 1 in self._ahead and not step.is_gone:
            event, known = self._ahead.pop(self.position + 1)
            self._append(event, known, step)

    def _append(self, event: Event, known: int, step: "_Step") -> None:
        self.position = seq = event["seq"]
        self.events.append(event)
        if event["type"] == "message" and known > seq:
            self._known[seq] = known
        step.show(seq)
        step.place(event)
        self._take_effect(event, step, self.low)
        if event["type"] == "member_removed" and event["user_id"] == self._me and known == seq:
            step.is_gone = True

    def _take_effect(self, effect: Event, step: "_Step", start: int, end: int | None = None) -> None:
        """Change what is below `effect` because of it, from `start` to `end`."""
        end = effect["seq"] if end is None else end
        if effect["type"] == "member_erased":
            self._erase(effect, step, start, end)
        elif effect["type"] in EFFECTS:
            target = effect["target_seq"]
            if start <= target < end and self.event(target)["type"] == "message" and self._is_news(effect, target):
                self._change(target, applied(self.event(target), effect, self._me), step)
            for seq in range(max(start, target), end) if effect["type"] != "reaction" else ():
                event = self.event(seq)
                if event["type"] == "edit" and event["target_seq"] == target:
                    self._hush(seq, step)

    def _erase(self, effect: Event, step: "_Step", start: int, end: int) -> None:
        for seq in range(start, end):
            event = self.event(seq)
            if event["sender_id"] != effect["user_id"]:
                continue
            if event["type"] == "message" and self._is_news(effect, seq) and "deleted_at" not in event:
                self._change(seq, deleted(event, effect["at"]), step)
            elif event["type"] == "edit":
                self._hush(seq, step)

    def _is_news(self, effect: Event, seq: int) -> bool:
        return bool(effect["seq"] > self.known_of(seq))

    def _change(self, seq: int, event: Event, step: "_Step") -> None:
        if event is not self.event(seq):
            self.events[seq - self.low] = event
            step.show(seq)

    def _hush(self, seq: int, step: "_Step") -> None:
        event = self.event(seq)
        if "content" in event:
            self._change(seq, {name: value for name, value in event.items() if name != "content"}, step)

    def _page(self, asked: Mapping[str, int], page: Given, step: "_Step") -> None:
        fetch = self._back if asked.keys() != {"after"} and self._back.asked == asked else self._forward
        if fetch.asked != asked:
            return  # forgotten meanwhile
        if page["has_more"] and not page["events"]:
            fetch.failed(step.at, 0, step.random)
            return
        fetch.answered()
        self.head_seq = max(self.head_seq, page["head_seq"])
        self._begin_at(page["first_seq"], step)
        if "before" in asked:
            self._prepend(page["events"], page["state_seq"], step)
            return
        self._take(page["events"], page["state_seq"], step)
        if "after" in asked and page["has_more"] and not step.is_gone:
            step.fetches.append(self._forward.ask(after=self.position))

    def _take(self, events: list[Event], state_seq: int, step: "_Step") -> None:
        """Go on with these, or begin with them."""
        if not self.events and events:
            self.low, self.position = events[0]["seq"], events[0]["seq"] - 1
            for event in events:
                self._append(event, state_seq, step)
            self._ahead = {seq: each for seq, each in self._ahead.items() if seq > self.position}
        for event in events:
            if event["seq"] > self.position:
                self._put(event, state_seq, step)
        self._advance(step)

    def _prepend(self, events: list[Event], state_seq: int, step: "_Step") -> None:
        if not events or events[-1]["seq"] != self.low - 1:
            return
        self.events[:0] = events
        end, self.low = self.low, events[0]["seq"]
        for event in events:
            if event["type"] == "message":
                self._known[event["seq"]] = state_seq
            step.show(event["seq"])
            step.place(event)
        for seq in range(max(end, state_seq + 1), self.position + 1):  # what has happened since to these
            self._take_effect(self.event(seq), step, self.low, end)

    def _synced(self, entry: Given, step: "_Step") -> None:
        if entry.get("removed"):
            step.is_gone = True
            return
        self.head_seq = max(self.head_seq, entry["head_seq"])
        self._begin_at(entry["first_seq"], step)
        events = entry["events"]
        if entry["limited"] and events and events[0]["seq"] > self.position + 1 and self.events:
            self._begin_anew(events[0]["seq"], step)
        self._take(events, entry["state_seq"], step)

    def _begin_at(self, first_seq: int, step: "_Step") -> None:
        """What is below may not be read any more."""
        self.first_seq = first_seq
        if not self.events:
            self.low, self.position = first_seq, first_seq - 1
        elif first_seq > self.position + 1:
            self._begin_anew(first_seq, step)
        elif first_seq > self.low:
            self.events = self.events[first_seq - self.low :]
            self.low = step.reset = first_seq
            self._known = {seq: known for seq, known in self._known.items() if seq >= first_seq}
            for event in self.events:
                step.show(event["seq"])

    def _begin_anew(self, seq: int, step: "_Step") -> None:
        """Places are skipped: what was held is dropped."""
        step.reset, step.passed_over = seq, True
        self.events, self._known = [], {}
        self.low, self.position = seq, seq - 1
        self._forward.answered()
        self._back.answered()

    def _failed(self, given: Given, step: "_Step") -> None:
        fetch = next((each for each in (self._forward, self._back) if each.asked == given["asked"]), None)
        if fetch is None:
            return
        if given["status"] in {FORBIDDEN, NOT_FOUND}:
            step.is_gone = True
        else:
            fetch.failed(step.at, given.get("retry_after_ms", 0), step.random)

    def _again(self, step: "_Step") -> None:
        """Ask once more, from where it goes on now."""
        for fetch in (self._forward, self._back):
            if fetch.asked is None or fetch.retry_at is None or fetch.retry_at > step.at:
                continue
            if "after" not in fetch.asked:
                step.fetches.append(fetch.ask(**fetch.asked))
            elif self._ahead or self.position < self.head_seq:
                step.fetches.append(fetch.ask(after=self.position))
            else:
                fetch.answered()

    def _older(self, step: "_Step") -> None:
        if self._back.asked is not None or (not self.events and self._forward.asked is not None):
            return
        if not self.events:
            step.fetches.append(self._forward.ask())
        elif self.low > self.first_seq:
            step.fetches.append(self._back.ask(before=self.low))

    def _close(self, step: "_Step") -> None:
        """The end of a step: leave, or see to the hole."""
        if step.is_gone:
            self._empty()
            step.fetches.clear()
            return
        has_hole = bool(self.events) and bool(self._ahead)
        if not has_hole or self._forward.asked is not None:
            self._hole_at = None
        elif self._hole_at is None:
            self._hole_at = step.at + HOLE_MS + int(HOLE_MS * step.random())
        elif self._hole_at <= step.at:
            self._hole_at = None
            step.fetches.append(self._forward.ask(after=self.position))


class _Step:
    """What one step brings about, put into order at its end."""

    def __init__(self, timeline: Timeline, at: int, random: Random) -> None:
        self.at, self.random = at, random
        self.reset: int | None = None
        self.passed_over = self.is_gone = False
        self.fetches: list[Effect] = []
        self._timeline = timeline
        self._shown: set[int] = set()
        self._placed: dict[str, int] = {}

    def show(self, seq: int) -> None:
        self._shown.add(seq)

    def place(self, event: Event) -> None:
        if event["sender_id"] == self._timeline._me and "client_id" in event:  # noqa: SLF001 - one thing in two halves
            self._placed.setdefault(event["client_id"], event["seq"])

    def end(self) -> list[Effect]:
        self._timeline._close(self)  # noqa: SLF001
        effects: list[Effect] = []
        if self.reset is not None:
            effects.append({"type": "reset", "from": self.reset})
        if self._shown:
            effects.append({"type": "shown", "seqs": sorted(self._shown)})
        if self._placed:
            effects.append({"type": "placed", "client_ids": sorted(self._placed, key=self._placed.__getitem__)})
        if self.passed_over:
            effects.append({"type": "passed_over"})
        if self.is_gone:
            effects.append({"type": "gone"})
        return effects + self.fetches
