"""What must hold after a run, checked from the log, the tables and the trace alone."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from greenlet import greenlet

from natter.domain.connections import Connection
from natter.domain.ids import AttachmentId, ConnectionId, ConversationId
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Event
from tests.reliability.meaning import Answer, History, Meaning
from tests.reliability.ports import SteppedTables
from tests.reliability.trace import Appended, Downloaded, Emitted, Posted, Queued, Stored, Synced, Trace


def violations(
    meant: Meaning,
    tables: SteppedTables,
    kept: Collection[tuple[ConversationId, AttachmentId]],
    trace: Trace,
    online: Sequence[Connection],
    *,
    live_since: int,
) -> Iterable[str]:
    """
    Everything that is wrong with what became of the log in a run that has come to its end.

    What was said before `live_since` (ms) need not be seen live: it has waited for days.
    """
    yield from _stored_wrongly(meant.histories, tables)
    yield from _still_there(meant.histories, tables)
    yield from _files_kept(meant.histories, set(kept))
    yield from _downloaded_wrongly(meant.histories, trace)
    yield from _shown_wrongly(meant.histories, trace)
    yield from _missed(meant.histories, trace, online, live_since)
    yield from _queued_in_vain(trace)
    yield from _synced_late(trace)
    yield from _emitted_wrongly(meant.histories, trace)
    yield from _not_told(meant.answers, trace)


def set_aside_wrongly(meant: Meaning, dead: Iterable[Record]) -> Iterable[str]:
    """What can never be stored is set aside, and nothing else is (P1)."""
    expected, found = ({record.offset for record in records} for records in (meant.aside, dead))
    yield from (f"{offset} was set aside, and nothing was wrong with it" for offset in found - expected)
    yield from (f"{offset} can never be stored, and was not set aside" for offset in expected - found)


def _stored_wrongly(histories: Mapping[ConversationId, History], tables: SteppedTables) -> Iterable[str]:
    """The stored history is the meaning of the log: every accepted command once, at its place (P1, P2, P3)."""
    for conversation, history in histories.items():
        events = [history.as_kept(each) for each in history.events]
        found = tables.events(conversation, 1, len(events) + 10, newest_first=False)
        stored = [replace(event, amended_by=0) for event in found]
        if stored != events:
            yield f"{conversation}: stored {stored}, expected {events}"
        head = tables.heads([conversation])[conversation]
        if (head.seq, head.messages, head.members_seq) != (len(events), history.messages, history.members_seq):
            yield f"{conversation}: head {head}, expected {len(events)} events"
        if head.preview != history.preview():
            yield f"{conversation}: preview {head.preview}, expected {history.preview()}"


def _still_there(histories: Mapping[ConversationId, History], tables: SteppedTables) -> Iterable[str]:
    """What was deleted is in no cell of any table any more, neither as it was sent nor as it was edited."""
    sent = {text for history in histories.values() for each in history.events for text in _texts(each.event)}
    kept = {text for history in histories.values() for each in history.events for text in _texts(history.as_kept(each))}
    said = "\n".join(tables.said())
    yield from (f"{text!r} was deleted and is still there" for text in sent - kept if text in said)


def _files_kept(
    histories: Mapping[ConversationId, History], kept: set[tuple[ConversationId, AttachmentId]]
) -> Iterable[str]:
    """In the end exactly those files are there that a message shows, whatever else was sent or shown before (P1)."""
    shown = {
        (conversation, file)
        for conversation, history in histories.items()
        for file in history.files(first=1, last=len(history.events))
    }
    yield from (f"{file} stays, though nobody shows it" for file in kept - shown)
    yield from (f"{file} is gone, though it is shown" for file in shown - kept)


def _downloaded_wrongly(histories: Mapping[ConversationId, History], trace: Trace) -> Iterable[str]:
    """Who may read a message may download the file that it shows, as soon and as long as they may (P8)."""
    for seen in trace:
        if not isinstance(seen, Downloaded):
            continue
        first, head, conversation = seen.view.first_seq, seen.view.head.seq, seen.view.record.conversation_id
        history = histories[conversation]
        is_shown = seen.attachment in history.files(first=first, last=head)
        if seen.is_there and not is_shown:
            yield f"{conversation}: {seen.attachment} was downloaded at {head}, when nobody showed it"
        later = range(head, len(history.events) + 1)
        stays = all(seen.attachment in history.files(first=first, last=last) for last in later)
        if stays and not seen.is_there:
            yield f"{conversation}: {seen.attachment} was not there at {head}, when it was shown"


def _shown_wrongly(histories: Mapping[ConversationId, History], trace: Trace) -> Iterable[str]:
    """What is shown was stored before (P5), is what the log means (P2), and is for the one who sees it (P8)."""
    stored: set[tuple[ConversationId, int]] = set()
    for seen in trace:
        if isinstance(seen, Stored):
            stored.add((seen.event.conversation_id, seen.event.seq))
        if not isinstance(seen, Posted):
            continue
        conversation, shown = _events(seen.frame)
        history = histories.get(conversation)
        for fields in shown:
            seq, user = fields["seq"], seen.connection.user_id
            if (conversation, seq) not in stored:
                yield f"{conversation}: {seq} was shown to {user} before it was stored"
            if history is None or seq > len(history.events):
                yield f"{conversation}: {user} was shown {fields}, which never happened"
                continue
            expected = history.events[seq - 1]
            forms = [expected.event, history.as_kept(expected)]
            if user == expected.event.sender_id:
                forms += history.as_shown_again(expected)
            if fields not in map(_fields, forms):
                yield f"{conversation}: {user} was shown {fields}, expected {expected.event}"
            if user not in expected.audience and user != expected.event.sender_id:
                yield f"{conversation}: {seq} was shown to {user}, who does not belong there"


def _missed(
    histories: Mapping[ConversationId, History], trace: Trace, online: Sequence[Connection], live_since: int
) -> Iterable[str]:
    """A connected client has every event for it, from its sync or live, never neither (P9)."""
    synced: dict[ConnectionId, Mapping[ConversationId, int]] = {}
    live: dict[ConnectionId, set[tuple[ConversationId, int]]] = defaultdict(set)
    for seen in trace:
        if isinstance(seen, Synced):
            synced[seen.connection.connection_id] = seen.places
        if isinstance(seen, Posted) and seen.arrived:
            conversation, shown = _events(seen.frame)
            live[seen.connection.connection_id].update((conversation, fields["seq"]) for fields in shown)
    for connection in online:
        for conversation, history in histories.items():
            since = synced[connection.connection_id].get(conversation, 0)
            for expected in history.events[since:]:
                place = (conversation, expected.event.seq)
                is_due = expected.event.at >= live_since and connection.user_id in expected.audience
                if is_due and place not in live[connection.connection_id]:
                    yield f"{conversation}: {connection.connection_id} missed {expected.event.seq}"


def _queued_in_vain(trace: Trace) -> Iterable[str]:
    """Nobody is to be shown again what has just been shown to them: only what did not arrive is left for later."""
    arrived: dict[tuple[greenlet, ConnectionId, ConversationId, int], bool] = {}
    for seen in trace:
        if isinstance(seen, Posted):
            conversation, shown = _events(seen.frame)
            for fields in shown:  # the first time counts: who repeats something is answered after that
                place = (seen.by, seen.connection.connection_id, conversation, fields["seq"])
                arrived.setdefault(place, seen.arrived)
        if isinstance(seen, Queued):
            for connection in seen.what.connections:
                for seq in seen.what.seqs:
                    if arrived.get((seen.by, connection.connection_id, seen.what.conversation_id, seq)):
                        yield f"{seen.what.conversation_id}: {connection.connection_id} is to get {seq} twice"


def _synced_late(trace: Trace) -> Iterable[str]:
    """What was shown to anybody before a client asked is in its sync (P9)."""
    places: dict[ConversationId, int] = defaultdict(int)
    shown_at: list[tuple[int, ConversationId, int]] = []
    for index, seen in enumerate(trace):
        if isinstance(seen, Posted):
            conversation, shown = _events(seen.frame)
            last = max((fields["seq"] for fields in shown), default=0)
            if last > places[conversation]:
                places[conversation] = last
                shown_at.append((index, conversation, last))
        if isinstance(seen, Synced):
            for at, conversation, seq in shown_at:
                if at < seen.asked_at and seen.places.get(conversation, 0) < seq:
                    yield f"{conversation}: {seq} was shown, then {seen.connection.connection_id} synced without it"


def _emitted_wrongly(histories: Mapping[ConversationId, History], trace: Trace) -> Iterable[str]:
    """Every event is emitted at least once, as it is."""
    emitted: dict[ConversationId, set[int]] = defaultdict(set)
    for seen in trace:
        if not isinstance(seen, Emitted):
            continue
        emission = seen.emission
        history = histories[emission.conversation_id]
        for event in emission.events:
            emitted[emission.conversation_id].add(event.seq)
            if event.seq > len(history.events):
                yield f"{emission.conversation_id}: emitted {event}, which never happened"
                continue
            expected = history.events[event.seq - 1]
            if replace(event, amended_by=0) not in (expected.event, history.as_kept(expected)):
                yield f"{emission.conversation_id}: emitted {event}, expected {expected.event}"
            if emission.members_seq != expected.members_seq:
                yield f"{emission.conversation_id}: {event.seq} emitted for the members at {emission.members_seq}"
    for conversation, history in histories.items():
        missing = {each.event.seq for each in history.events} - emitted[conversation]
        if missing:
            yield f"{conversation}: {sorted(missing)} never emitted"


def _not_told(answers: Iterable[Answer], trace: Trace) -> Iterable[str]:
    """Whoever repeats a command, or is refused, is told so on the connection that asked."""
    appended: dict[int, int] = {}
    refused: dict[tuple[ConnectionId, ConversationId, str, str], int] = {}
    shown: dict[tuple[ConnectionId, ConversationId, int], int] = {}
    for index, seen in enumerate(trace):
        if isinstance(seen, Appended):
            appended[seen.record.offset] = index
        if isinstance(seen, Posted):
            frame = parsed(seen.frame)
            where = (seen.connection.connection_id, frame["conversation_id"])
            for client_id in frame.get("client_ids", ()):
                refused[*where, frame["code"], client_id] = index
            for fields in frame.get("events", ()):
                shown[*where, fields["seq"]] = index
    for answer in answers:
        command = answer.record.command
        if command.origin is None:
            continue
        where = (command.origin.connection_id, command.conversation_id)
        if answer.refusal is not None:
            told = refused.get((*where, answer.refusal, answer.client_id), -1)
        else:
            told = shown.get((*where, answer.seq or 0), -1)
        if told < appended[answer.record.offset]:
            yield f"{command.conversation_id}: {command.origin.connection_id} was not told of {answer}"


def _texts(event: Event) -> Iterable[str]:
    content = event.payload.get("content")
    return () if content is None else (content["text"],)


def _events(frame: bytes) -> tuple[ConversationId, list[dict[str, Any]]]:
    fields = parsed(frame)
    return fields["conversation_id"], fields.get("events", [])


@lru_cache(maxsize=4096)
def parsed(frame: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(frame)
    return fields


def _fields(event: Event) -> dict[str, Any]:
    """An event as the protocol has it (3)."""
    client_id = {} if event.client_id is None else {"client_id": event.client_id}
    own = {"seq": event.seq, "type": event.type, "at": event.at, "sender_id": event.sender_id}
    return {**own, **client_id, **event.payload}
