"""
What is wrong with a run: from what was acknowledged, refused and shown, and what history says in the end.

It knows nothing of how the run was made or what failed in it; a run gives it values, it names what is wrong.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.support.ledger import Acknowledged, Key, Ledger
from tests.support.view import agree

type Event = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """What one device of a member shows of one conversation when all is over, and what is read of it."""

    device: str
    user_id: str
    conversation: str
    first_seq: int
    shown: Mapping[int, Event]
    clashes: Sequence[tuple[Event, Event]]
    read_seq: int
    unread: int
    said_read: int
    """Highest place of which a `read` was answered `ok`."""


@dataclass(frozen=True, kw_only=True)
class Run:
    ledger: Ledger
    histories: Mapping[str, Sequence[Event]]
    """Each conversation from first to last, as somebody who was always in it reads it when all is over."""
    screens: Sequence[Screen]
    members: Mapping[str, set[str]] = field(default_factory=dict)
    """Who belongs to each conversation in the end, by PostgreSQL."""


def findings(run: Run) -> list[str]:
    """Everything that is wrong; nothing if all is well."""
    return [
        *_holes(run),
        *_lost_or_doubled(run),
        *_out_of_order(run),
        *_ragged(run),
        *_disagreeing(run),
        *_seen_by_strangers(run),
        *_screens(run),
        *_unread(run),
        *_memberships(run),
    ]


def _holes(run: Run) -> Iterable[str]:
    """One sequence 1, 2, 3 … (P2)."""
    for conversation, history in run.histories.items():
        places = [event["seq"] for event in history]
        if places != list(range(1, len(places) + 1)):
            yield f"{conversation} is not 1 to {len(places)}: {places}"


def _lost_or_doubled(run: Run) -> Iterable[str]:
    """What was acknowledged is there exactly once as it was sent, or was refused; nothing else is (P1, P3)."""
    stored: dict[Key, list[Event]] = defaultdict(list)
    for conversation, history in run.histories.items():
        for event in history:
            if event.get("client_id") is not None:
                stored[conversation, event["sender_id"], event["client_id"]].append(event)
    commands = {command.key: command for command in run.ledger.acknowledged if command.conversation in run.histories}
    for key, command in commands.items():
        refused, events = run.ledger.refusals.get(key), stored.get(key, [])
        if not events and refused is None:
            yield f"lost: {command}"
        elif events and refused is not None:
            yield f"refused with {refused['code']} and stored: {command}"
        elif len(events) > 1:
            yield f"{len(events)} times: {command}"
        elif events and not _same(command, events[0]):
            yield f"changed: {command} is {events[0]}"
    yield from (f"never sent: {key}" for key in stored.keys() - run.ledger.attempted)


def _same(command: Acknowledged, event: Event) -> bool:
    """Whether the event is what was asked; words may have been changed or deleted since."""
    fields = dict(command.fields)
    if "edited_at" in event or "content" not in event:
        fields.pop("content", None)
    return event["type"] == command.type and all(event.get(name) == value for name, value in fields.items())


def _out_of_order(run: Run) -> Iterable[str]:
    """A command after the ack of another on the same device comes after it (P4)."""
    places = {
        (conversation, event["sender_id"], event["client_id"]): event["seq"]
        for conversation, history in run.histories.items()
        for event in history
        if event.get("client_id") is not None
    }
    lanes: dict[tuple[str, str], list[Acknowledged]] = defaultdict(list)
    for command in run.ledger.acknowledged:
        if command.key in places:
            lanes[command.lane, command.conversation].append(command)
    for lane in lanes.values():
        for earlier, later in pairwise(lane):
            if places[earlier.key] > places[later.key]:
                yield f"out of order: {later} at {places[later.key]}, {earlier} at {places[earlier.key]}"


def _ragged(run: Run) -> Iterable[str]:
    """Within a frame or a page, events are ascending and contiguous."""
    yield from (f"{device} was shown {places} together" for device, places in run.ledger.ragged)


def _disagreeing(run: Run) -> Iterable[str]:
    """Every observer was shown what history says at that place, and only what is stored (P2, P5)."""
    told = set()
    for each in run.ledger.observations:
        if each.conversation not in run.histories:
            continue
        history, seq = run.histories[each.conversation], each.event["seq"]
        if (each.device, each.conversation, seq) in told:
            continue
        if seq > len(history):
            told.add((each.device, each.conversation, seq))
            yield f"{each.device} was shown {each.event}, which is not stored"
        elif not agree(each.event, history[seq - 1]):
            told.add((each.device, each.conversation, seq))
            yield f"{each.device} was shown {each.event}, history has {history[seq - 1]}"


def _seen_by_strangers(run: Run) -> Iterable[str]:
    """Nobody was shown a place at which they did not belong to the conversation (P8)."""
    readable = {conversation: readers(history) for conversation, history in run.histories.items()}
    told = set()
    for each in run.ledger.observations:
        if each.conversation not in readable:
            continue
        seq = each.event["seq"]
        intervals = readable[each.conversation].get(each.user_id, [])
        if not any(first <= seq <= last for first, last in intervals) and (each.device, seq) not in told:
            told.add((each.device, seq))
            yield f"{each.device} was shown {each.event} of {each.conversation}, readable there: {intervals}"


def readers(history: Sequence[Event]) -> dict[str, list[tuple[int, int]]]:
    """Of each user, from where to where they may read: from joining to being removed, that event included."""
    end = len(history)
    since: dict[str, int] = {}
    intervals: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for event in history:
        if event["type"] in {"conversation_created", "member_added"}:
            for member in event["members"]:
                since.setdefault(member["user_id"], event["seq"])
        elif event["type"] == "member_removed" and event["user_id"] in since:
            intervals[event["user_id"]].append((since.pop(event["user_id"]), event["seq"]))
    for user, first in since.items():
        intervals[user].append((first, end))
    return intervals


def _screens(run: Run) -> Iterable[str]:
    """Each device of a member shows the whole conversation as history has it (P1, P2)."""
    for screen in run.screens:
        history = run.histories[screen.conversation]
        where = f"{screen.device} in {screen.conversation}"
        yield from (f"{where} was shown {first}, then {second}" for first, second in screen.clashes)
        for event in history[screen.first_seq - 1 :]:
            shown = screen.shown.get(event["seq"])
            if shown is None:
                yield f"{where} does not show {event['seq']}"
            elif _of_anybody(shown) != _of_anybody(event):
                yield f"{where} shows {shown}, history has {event}"


def _of_anybody(event: Event) -> dict[str, Any]:
    """An event without what depends on who reads it: `mine`, and in which order the first twenty reacted."""
    shown = dict(event)
    if "reactions" in shown:
        shown["reactions"] = {each["reaction"]: sorted(each["user_ids"]) for each in shown["reactions"]}
    return shown


def _unread(run: Run) -> Iterable[str]:
    """What is unread is the messages after what was read, sent, or there before joining (P6)."""
    for screen in run.screens:
        history = run.histories[screen.conversation]
        where = f"{screen.device} in {screen.conversation}"
        messages = [event for event in history if event["type"] == "message"]
        own = max((event["seq"] for event in messages if event["sender_id"] == screen.user_id), default=0)
        least = max(screen.said_read, own if own >= screen.first_seq else 0)
        if screen.read_seq < least:
            yield f"{where} is read up to {screen.read_seq}, but {least} was read or sent"
        unread = sum(event["seq"] > screen.read_seq for event in messages)
        if screen.unread != unread:
            yield f"{where} has {screen.unread} unread after {screen.read_seq}, not {unread}"


def _memberships(run: Run) -> Iterable[str]:
    """The log and PostgreSQL agree about who belongs to the conversation (P9)."""
    for conversation, members in run.members.items():
        folded = present(run.histories[conversation])
        if folded != members:
            yield f"{conversation} has the members {sorted(members)}, its log says {sorted(folded)}"


def present(history: Sequence[Event]) -> set[str]:
    """Who belongs to the conversation after all of its events."""
    members: set[str] = set()
    for event in history:
        if event["type"] in {"conversation_created", "member_added"}:
            members |= {member["user_id"] for member in event["members"]}
        elif event["type"] == "member_removed":
            members.discard(event["user_id"])
    return members
