"""
What must be true of a conversation after a storm, from what was sent, what history says and what was seen.

It knows nothing of how the load was made: a run gives it values, it names what is wrong.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

type Event = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A message that was acknowledged."""

    sender_id: str
    client_id: str
    words: str

    @property
    def key(self) -> tuple[str, str]:
        return self.sender_id, self.client_id


def violations(
    *, lanes: Iterable[Sequence[Sent]], history: Sequence[Event], seen: Mapping[str, Mapping[int, Event]]
) -> list[str]:
    """
    Everything that is wrong; nothing if all is well.

    A lane is what one connection sent, each message after the ack of the one before. `seen` is, for each reader, the
    events by place.
    """
    sent = [list(lane) for lane in lanes]
    return [
        *_holes(history),
        *_lost_or_doubled([message for lane in sent for message in lane], history),
        *_out_of_order(sent, history),
        *_disagreeing(history, seen),
    ]


def _holes(history: Sequence[Event]) -> Iterable[str]:
    """One sequence 1, 2, 3 … (P2)."""
    places = [event["seq"] for event in history]
    if places != list(range(1, len(places) + 1)):
        yield f"history is not 1 to {len(places)}: {places}"


def _lost_or_doubled(sent: Sequence[Sent], history: Sequence[Event]) -> Iterable[str]:
    """What was acknowledged is there exactly once, as it was sent; nothing else is (P1, P3)."""
    messages = [event for event in history if event["type"] == "message"]
    found = Counter((event["sender_id"], event.get("client_id")) for event in messages)
    words = {(event["sender_id"], event.get("client_id")): event["content"].get("text") for event in messages}
    for message in sent:
        if not found[message.key]:
            yield f"lost: {message}"
        elif words[message.key] != message.words:
            yield f"changed: {message} is {words[message.key]!r}"
    yield from (f"{times} times: {key}" for key, times in found.items() if times > 1)
    yield from (f"never sent: {key}" for key in found.keys() - {message.key for message in sent})


def _out_of_order(lanes: Sequence[Sequence[Sent]], history: Sequence[Event]) -> Iterable[str]:
    """A message after the ack of another comes after it (P4)."""
    place = {(event["sender_id"], event.get("client_id")): event["seq"] for event in reversed(history)}
    for lane in lanes:
        known = [message for message in lane if message.key in place]
        for earlier, later in pairwise(known):
            if place[earlier.key] > place[later.key]:
                yield f"out of order: {later} at {place[later.key]}, {earlier} at {place[earlier.key]}"


def _disagreeing(history: Sequence[Event], seen: Mapping[str, Mapping[int, Event]]) -> Iterable[str]:
    """Every reader saw history, all of it, and nothing else (P2)."""
    expected = {event["seq"]: event for event in history}
    for reader, events in seen.items():
        yield from (f"{reader} did not see {seq}" for seq in sorted(expected.keys() - events.keys()))
        yield from (f"{reader} saw {seq}, which is not there" for seq in sorted(events.keys() - expected.keys()))
        for seq in sorted(expected.keys() & events.keys()):
            if expected[seq] != events[seq]:
                yield f"{reader} saw {events[seq]} at {seq}, history has {expected[seq]}"
