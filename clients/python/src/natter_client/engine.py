"""
Joins the parts of the core with each other and with the store, still without sockets and clock.

Everything that happens is one call of a method here, which is one transaction of the store; what is to be sent or
asked because of it is returned, to be done after the commit. If a method raises, what is in memory may be ahead of
the store: nothing of it is done, no method works any more, and another engine begins again from the store.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from natter_client.actions import Action, Call, Close, Notice, Open, Transmit
from natter_client.core.folding import EFFECTS
from natter_client.core.outbox import SETTLED, Outbox
from natter_client.core.part import Effect, Event, Given, Part, Random, earliest, is_gateway_failure
from natter_client.core.presence import Presence
from natter_client.core.read_state import ReadState
from natter_client.core.session import Session
from natter_client.core.syncing import Sync
from natter_client.core.timeline import Timeline
from natter_client.core.typing_state import Typing
from natter_client.entries import as_refused, is_sendable
from natter_client.store import Store

WINDOW = 500
"""Events of a conversation that are held in memory, at first; older ones come back when something changes them."""
MOST_TIMELINES = 256
"""In memory, of conversations in which nothing is missing."""
SYNCED = "synced"
"""A setting: this store has been brought up to date once, so that what comes now is news."""


class Engine:
    def __init__(self, store: Store, me: str, random: Random, at: int) -> None:
        """Goes on where `store` is. `at`: now, in milliseconds."""
        self.store = store
        self.me = me
        self._random = random
        self._at = at
        self._actions: list[Action] = []
        self._active: int | None = None
        self._failure: BaseException | None = None
        entries = store.entries()
        self._last_position = entries[-1][0] if entries else 0
        self.outbox = Outbox(self._readable(_not_later(entry, at)) for _, entry in entries)
        positions = list(store.positions())
        self._positions = {name: position for name, position, _ in positions}
        self.read_state = ReadState(me, {name: cursors for name, _, cursors in positions if cursors})
        self.session, self.sync, self.presence = Session(), Sync(), Presence()
        self._timelines: OrderedDict[str, Timeline] = OrderedDict()
        self._typings: dict[str, Typing] = {}
        self._heard: dict[str, set[int]] = {}
        """What came live before the first sync was over: news, although sync brings it, too."""

    @property
    def wake_at(self) -> int | None:
        return earliest(*(part.wake_at for part in self._parts()))

    def _parts(self) -> Iterator[Part]:
        yield from (self.session, self.sync, self.outbox, self.read_state, self.presence)
        yield from self._timelines.values()
        yield from self._typings.values()

    # what happens

    def wake(self, at: int) -> list[Action]:
        with self._step(at):
            wake: Given = {"type": "wake"}
            steps: list[tuple[Part, Callable[[Given], None]]] = [
                (self.session, self._session),
                (self.sync, self._sync),
                (self.outbox, self._outbox),
                (self.read_state, self._read_state),
                (self.presence, self._presence),
            ]
            for part, step in steps:
                if _is_due(part, self._at):
                    step(wake)
            for name, timeline in list(self._timelines.items()):
                if _is_due(timeline, self._at):
                    self._timeline(name, wake)
            for name, typing in list(self._typings.items()):
                if _is_due(typing, self._at):
                    self._typing(name, wake)
        return self._taken()

    def command(self, at: int, part: str, given: Given, conversation: str = "") -> list[Action]:
        """Of a user, to a part: `connect`, `read`, `watch`, …"""
        with self._step(at):
            match part:
                case "session":
                    self._session(given)
                case "outbox" if self._may_be_done(given["type"], self.outbox.entries.get(given["client_id"])):
                    self._outbox(given)
                case "read_state":
                    self._held(given["conversation_id"])
                    self._read_state(given)
                case "presence":
                    self._presence(given)
                case "timeline":
                    self._held(conversation, low=0)
                    self._timeline(conversation, given)
                case "typing":
                    self._typing(conversation, given)
        return self._taken()

    def _may_be_done(self, what: str, entry: Mapping[str, Any] | None) -> bool:
        """What was sent once and not refused may be in the log: it cannot be taken back. Nor can any other be sent."""
        if entry is None:
            return False
        if what == "cancel":
            return entry["state"] in SETTLED or {"first_sent_at", "acked_at"}.isdisjoint(entry)
        return is_sendable(entry)

    def write(self, at: int, entry: Mapping[str, Any]) -> list[Action]:
        """Keep a command, and send it when it can be sent."""
        with self._step(at):
            self.store.save(entry)  # `look` comes across it once more: another process may have written before
            self._outbox({"type": "write", "entry": entry})
        return self._taken()

    def look(self, at: int) -> list[Action]:
        """Take over what other processes have written into the store."""
        with self._step(at):
            for position, entry in self.store.entries(self._last_position):
                self._last_position = position
                if self._readable(entry) is not entry:
                    self.outbox.entries[entry["client_id"]] = as_refused(entry)  # so that it can be dropped
                elif entry["state"] == "queued":
                    self._outbox({"type": "write", "entry": entry})
        return self._taken()

    def _readable(self, entry: dict[str, Any]) -> dict[str, Any]:
        """What cannot be sent by anybody is refused, and holds up nothing."""
        if entry["state"] in SETTLED or is_sendable(entry):
            return entry
        refused = as_refused(entry)
        self.store.save(refused)
        self._notice("outbox", **refused)
        return refused

    def opened(self, at: int, socket: int) -> list[Action]:
        with self._step(at):
            self._session({"type": "opened", "socket": socket})
        return self._taken()

    def closed(self, at: int, socket: int) -> list[Action]:
        with self._step(at):
            self._session({"type": "closed", "socket": socket})
        return self._taken()

    def frame(self, at: int, socket: int, frame: Given) -> list[Action]:
        """One that has arrived. What nobody knows is nobody's."""
        with self._step(at):
            self._session({"type": "frame", "socket": socket, "frame": frame})
            given = {"type": "frame", "frame": frame}
            kind = frame.get("type")
            if kind in {"ack", "error"} or is_gateway_failure(frame):
                self._outbox(given)
            if kind in {"ok", "error"} or is_gateway_failure(frame):
                self._read_state(given)
            if kind in {"presence", "pong", "error"} or is_gateway_failure(frame):
                self._presence(given)
            match kind:
                case "events":
                    if not self.store.get(SYNCED):
                        heard = self._heard.setdefault(frame["conversation_id"], set())
                        heard.update(event["seq"] for event in frame["events"])
                    self._timeline(frame["conversation_id"], {"type": "live", "events": frame["events"]})
                case "receipt":
                    self._read_state({**frame, "type": "receipt"})
                case "typing":
                    notice = {"type": "notice", "user_id": frame["user_id"], "state": frame["state"]}
                    self._typing(frame["conversation_id"], notice)
                case "settings":
                    self._settings(frame)
        return self._taken()

    def answered(self, at: int, call: Call, answer: Any) -> list[Action]:
        """A call with its answer of status 200 or 201."""
        with self._step(at):
            match call.purpose:
                case ("ticket",):
                    self._session({"type": "ticket", "url": answer["url"]})
                case ("sync",):
                    self._sync({"type": "answer", "answer": answer})
                case ("page", str(name), dict(asked)):
                    self._timeline(name, {"type": "page", "asked": asked, "page": answer})
        return self._taken()

    def failed(self, at: int, call: Call, status: int, retry_after_ms: int | None) -> list[Action]:
        """A call that was refused, or not answered at all (0)."""
        failure = {"status": status, **({} if retry_after_ms is None else {"retry_after_ms": retry_after_ms})}
        with self._step(at):
            match call.purpose:
                case ("ticket",):
                    self._session({"type": "ticket_failed", **failure})
                case ("sync",):
                    self._sync({"type": "failed", **failure})
                case ("page", str(name), dict(asked)):
                    self._timeline(name, {"type": "fetch_failed", "asked": asked, **failure})
        return self._taken()

    # one step

    @contextmanager
    def _step(self, at: int) -> Iterator[None]:
        if self._failure is not None:
            raise RuntimeError("an earlier step failed") from self._failure
        self._at = max(self._at, at)
        try:
            with self.store.transaction():
                yield
        except BaseException as error:
            self._failure = error
            self._actions.clear()
            raise
        for name in list(self._timelines)[: max(0, len(self._timelines) - MOST_TIMELINES)]:
            if self._timelines[name].is_idle:
                del self._timelines[name]

    def _taken(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions

    def _notice(self, name: str, **fields: Any) -> None:
        self._actions.append(Notice(name, fields))

    def _transmit(self, frame: Mapping[str, Any]) -> None:
        if self._active is not None:
            self._actions.append(Transmit(self._active, frame))

    # the parts, and where their effects go

    def _session(self, given: Given) -> None:  # noqa: C901 - an effect each
        for effect in self.session.step(given, self._at, self._random):
            match effect["type"]:
                case "ticket":
                    self._actions.append(Call(("ticket",), "POST", "/v1/tickets"))
                case "open":
                    self._actions.append(Open(effect["socket"], effect["url"]))
                case "close":
                    self._actions.append(Close(effect["socket"]))
                case "send":
                    self._actions.append(Transmit(effect["socket"], effect["frame"]))
                case "active":
                    if self._active is not None:
                        self._all("closed")
                    self._active = effect["socket"]
                    self._all("opened")
                case "inactive":
                    self._active = None
                    self._all("closed")
                case "sync":
                    self._sync({"type": "start", "positions": self.positions()})
                case "state":
                    if effect["state"] in {"idle", "signed_out"}:
                        self._sync({"type": "stop"})
                    self._actions.append(Notice("state", effect))

    def _all(self, what: str) -> None:
        given = {"type": what}
        self._outbox(given)
        self._read_state(given)
        self._presence(given)
        for name in list(self._typings):
            self._typing(name, given)

    def positions(self) -> dict[str, dict[str, int]]:
        """Where every conversation is, as sync asks for it."""
        return {
            name: {"seq": position, "read_seq": self.read_state.read_seq(name)}
            for name, position in self._positions.items()
        }

    def _sync(self, given: Given) -> None:
        for effect in self.sync.step(given, self._at, self._random):
            match effect["type"]:
                case "request":
                    self._actions.append(Call(("sync",), "POST", "/v1/sync", effect["body"]))
                case "apply":
                    for entry in effect["conversations"]:
                        self._synced(entry)
                case "done":
                    if not self.store.get(SYNCED):
                        self.store.put(SYNCED, value=True)
                    self._heard.clear()
                    self._session({"type": "synced"})
                    self._notice("synced")

    def _synced(self, entry: Given) -> None:
        name = entry["conversation_id"]
        if not entry.get("removed"):
            seqs = {each: entry[each] for each in ("head_seq", "read_seq", "unread")}
            self._read_state({"type": "synced", "conversation_id": name, **seqs})
            self._settings(entry)
        self._timeline(name, {"type": "synced", "entry": entry})

    def _settings(self, given: Given) -> None:
        name = given["conversation_id"]
        settings = {each: given[each] for each in ("muted_until", "archived", "notify") if each in given}
        if settings != self.store.settings(name):
            self.store.put_settings(name, settings)
            self._positions.setdefault(name, 0)
            self._notice("settings", conversation_id=name, **settings)

    def _outbox(self, given: Given) -> None:
        for effect in self.outbox.step(given, self._at, self._random):
            match effect["type"]:
                case "save":
                    self.store.save(effect["entry"])
                    if effect["entry"]["state"] != "queued":
                        self._notice("outbox", **effect["entry"])
                case "forget":
                    self.store.forget(effect["client_id"], dropped=given["type"] in {"cancel", "retry"})
                    self._notice("forgotten", client_id=effect["client_id"])
                case "send":
                    self._transmit(effect["frame"])
                case "doubt":
                    self._session({"type": "nudge"})

    def _read_state(self, given: Given) -> None:
        moved = set()
        if "conversation_id" in given:
            moved.add(given["conversation_id"])
        for effect in self.read_state.step(given, self._at, self._random):
            moved.add(effect["conversation_id"] if effect["type"] != "send" else effect["frame"]["conversation_id"])
            if effect["type"] == "send":
                self._transmit(effect["frame"])
            else:
                self._actions.append(Notice(effect["type"], effect))
        if given["type"] == "frame" and (name := self.read_state.answered) is not None:
            moved.add(name)
            self.read_state.answered = None  # or a conversation that was left would come back with the next frame
        for name in moved if given["type"] != "gone" else ():
            self.store.put_cursors(name, self.read_state.view_of(name))
            self._positions.setdefault(name, 0)

    def _presence(self, given: Given) -> None:
        for effect in self.presence.step(given, self._at, self._random):
            if effect["type"] == "send":
                self._transmit(effect["frame"])
            else:
                self._actions.append(Notice("presence", effect))

    def _typing(self, name: str, given: Given) -> None:
        if name not in self._typings:
            self._typings[name] = Typing(self.me)
            if self._active is not None:
                self._typings[name].step({"type": "opened"}, self._at, self._random)
        for effect in self._typings[name].step(given, self._at, self._random):
            if effect["type"] == "send":
                self._transmit({"action": "typing", "conversation_id": name, "state": effect["state"]})
            else:
                self._notice("typing", conversation_id=name, user_ids=effect["user_ids"])

    # timelines

    def _held(self, name: str, low: int | None = None) -> Timeline:
        """A timeline in memory, from `low` on if the store has that."""
        timeline = self._timelines.get(name)
        bounds = self.store.bounds(name)
        if timeline is None:
            start = max(bounds[2], bounds[3] - WINDOW + 1) if bounds else 0
            timeline = Timeline(self.me, self.store.timeline(name, start))
            self._timelines[name] = timeline
            if timeline.events:
                given = {"type": "events", "conversation_id": name, "low": timeline.low, "events": timeline.events}
                self._read_state(given)
        self._timelines.move_to_end(name)
        if low is not None and bounds is not None and max(low, bounds[2]) < timeline.low and timeline.events:
            stored = self.store.timeline(name, low, below=timeline.low)
            if stored is not None:
                timeline.extend(stored)
        return timeline

    def _timeline(self, name: str, given: Given) -> None:
        timeline = self._held(name, _changes_from(given))
        before = (timeline.first_seq, timeline.head_seq, timeline.position)
        last = timeline.position
        effects = timeline.step(given, self._at, self._random)
        if (timeline.first_seq, timeline.head_seq, timeline.position) != before:
            self.store.move(name, *(timeline.first_seq, timeline.head_seq, timeline.position))
            self._positions[name] = timeline.position
        for effect in effects:
            self._of_timeline(name, timeline, effect, given)
        for seq in range(max(last + 1, timeline.low), timeline.position + 1):
            event = timeline.event(seq)
            if event["type"] == "message" and name in self._typings:
                self._typing(name, {"type": "message", "user_id": event["sender_id"]})

    def _of_timeline(self, name: str, timeline: Timeline, effect: Effect, given: Given) -> None:
        match effect["type"]:
            case "reset":
                self.store.reset(name)
                self.store.skip(name, effect["from"])
                self._notice("shown", conversation_id=name)
            case "shown" if timeline.events:
                events = [timeline.event(seq) for seq in effect["seqs"]]
                heard = self._heard.get(name, set())
                is_news = "before" not in given.get("asked", {})
                since = is_news and bool(self.store.get(SYNCED))
                joined = max((event["seq"] for event in events if self._adds_me(event)), default=0)
                for event in events:
                    fresh = event["seq"] >= joined and (since or (is_news and event["seq"] in heard))
                    self.store.show(name, [(event, timeline.known_of(event["seq"]))], fresh=fresh)
                self._read_state({"type": "events", "conversation_id": name, "low": timeline.low, "events": events})
                self._notice("shown", conversation_id=name)
            case "placed":
                self._keep_places(name, effect["client_ids"], given)
                self._outbox(effect)
            case "passed_over":
                self._outbox({**effect, "conversation_id": name})
            case "gone":
                self.store.drop(name)
                self._positions.pop(name, None)
                self._typings.pop(name, None)
                self._read_state({"type": "gone", "conversation_id": name})
                self._notice("left", conversation_id=name)
            case "fetch":
                asked = {each: effect[each] for each in ("after", "before") if each in effect}
                query = "&".join(f"{each}={effect[each]}" for each in ("after", "before", "limit") if each in effect)
                path = f"/v1/conversations/{name}/events?{query}"
                self._actions.append(Call(("page", name, asked), "GET", path))

    def _keep_places(self, name: str, client_ids: Iterable[str], given: Given) -> None:
        """Of what was written here: also where a retry was only shown its event, which lies below what is held."""
        told = {each.get("client_id"): each["seq"] for each in _events_of(given) if each["sender_id"] == self.me}
        for client_id in client_ids:
            if client_id in self.outbox.entries:
                seq = self.store.placed(name, self.me, client_id) or told.get(client_id)
                if seq is not None:
                    self.store.place(name, client_id, seq)

    def _adds_me(self, event: Event) -> bool:
        """What was said before somebody came is no news to them, even if they may read it."""
        return event["type"] == "member_added" and any(each["user_id"] == self.me for each in event["members"])


def _is_due(part: Part, at: int) -> bool:
    return part.wake_at is not None and part.wake_at <= at


def _not_later(entry: Mapping[str, Any], at: int) -> dict[str, Any]:
    """The clock may have been ahead when this was stored."""
    times = {name: min(entry[name], at) for name in ("first_sent_at", "acked_at") if name in entry}
    return {**entry, **times}


def _events_of(given: Given) -> list[Event]:
    """Of a frame, a page, or a conversation's entry in a sync."""
    events: list[Event] = given.get("events") or given.get("page", given.get("entry", {})).get("events", [])
    return events


def _changes_from(given: Given) -> int | None:
    """The lowest place that the events of an input may change."""
    events = _events_of(given)
    if any(event["type"] == "member_erased" for event in events):
        return 0
    return min((event["target_seq"] for event in events if event["type"] in EFFECTS), default=None)
