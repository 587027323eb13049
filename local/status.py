"""What `natter-local status` shows, at a glance."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import starmap
from typing import Any

from local.faults import command

FUNCTION_COLUMNS = ("warm", "busy", "waiting", "invocations", "errors", "throttles", "cold starts", "p50 ms")
DOOR_COLUMNS = ("address", "connections", "let in", "refused", "who was let in")
REFUSAL_COLUMNS = ("function", "action", "resource", "times")
SOURCE_COLUMNS = ("function", "lag", "batches", "records", "failures")


def lines(status: Mapping[str, Any]) -> Iterator[str]:
    """A runtime's status for people to read; numbers under their names."""
    yield f"up for {status['uptime_s']:.0f} s"
    yield "engines: " + ", ".join(f"{name} {state}" for name, state in status["engines"].items())
    for active in status["faults"]:
        yield f"fault: {command.describe(active)}"
    if "doors" in status:
        yield ""
        yield from _doors(status["doors"], status["refusals"])
    yield ""
    yield from table("function", FUNCTION_COLUMNS, starmap(_function, status["functions"].items()))
    if status["sources"]:
        yield ""
        yield from table("event source", SOURCE_COLUMNS, map(_source, status["sources"]))
        yield from (
            f"  {_name(source)}: {source['last_error']}" for source in status["sources"] if source.get("last_error")
        )
    yield ""
    for kind in ("apis", "distributions", "schedules"):
        entries = status[kind].values() if isinstance(status[kind], dict) else status[kind]
        yield from (f"{kind.removesuffix('s')}: {json.dumps(entry)}" for entry in entries)
    if metrics := status["metrics"]:
        yield f"metrics: {json.dumps({key: value for key, value in metrics.items() if key != 'alarms'})}"
        yield from _alarms(metrics["alarms"])
    types = Counter(kind for _, kind in status["not_imitated"])
    yield "without counterpart here: " + ", ".join(f"{kind} ({count})" for kind, count in sorted(types.items()))


def _doors(doors: Mapping[str, Any], refusals: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Of the secured mode: each with whom it let in, and what it did not let through."""
    yield "secured: functions reach the engines through doors, as on AWS"
    yield from table("door to", DOOR_COLUMNS, starmap(_door, doors.items()))
    if (pinned := doors.get("postgres", {}).get("pinned")) is not None:
        yield f"  sessions that pinned a database connection: {pinned}"
    if refusals:
        yield ""
        rows = [(each["door"], *(each[key] for key in REFUSAL_COLUMNS)) for each in refusals]
        yield from table("refused by", REFUSAL_COLUMNS, rows)


def _alarms(states: Mapping[str, str]) -> Iterator[str]:
    """How many are in which state, and which in ALARM."""
    if states:
        counts = ", ".join(f"{count} {state}" for state, count in sorted(Counter(states.values()).items()))
        ringing = ", ".join(sorted(name for name, state in states.items() if state == "ALARM"))
        yield f"alarms on percentiles and metric math: {counts}" + (f" ({ringing})" if ringing else "")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Aligned columns: text to the left, numbers to the right, `-` for what is not known."""
    lines = [(title, *columns), *(tuple("-" if value is None else str(value) for value in row) for row in rows)]
    padded = []
    for column in zip(*lines, strict=True):
        width = max(map(len, column))
        padded.append([text.rjust(width) if _numeric(column) else text.ljust(width) for text in column])
    yield from ("  ".join(line).rstrip() for line in zip(*padded, strict=True))


def _numeric(column: Sequence[str]) -> bool:
    return all(text == "-" or text.replace(".", "", 1).isdigit() for text in column[1:])


def _door(name: str, door: Mapping[str, Any]) -> Sequence[Any]:
    visitors = ", ".join(f"{who} ({times})" for who, times in door["visitors"].items())
    return (name, door["address"], door.get("connections"), door["admitted"], door["refused"], visitors or None)


def _function(name: str, function: Mapping[str, Any]) -> Sequence[Any]:
    keys = ("warm", "busy", "waiting", "invocations", "errors", "throttles", "cold_starts", "duration_p50_ms")
    return (name, *(function[key] for key in keys))


def _source(source: Mapping[str, Any]) -> Sequence[Any]:
    keys = ("function", "lag", "batches", "records", "failures")
    return (_name(source), *(source.get(key) for key in keys))


def _name(source: Mapping[str, Any]) -> str:
    return f"kafka {source['topic']}" if "topic" in source else f"sqs {source['queue']}"
