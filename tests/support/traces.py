"""The traces that the local cloud was given."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.cloud import Cloud

type Trace = Mapping[str, Any]
EVERY_S = 0.05


def about(cloud: Cloud, what: str) -> Sequence[Trace]:
    """All that are kept in which that id stands."""
    assert cloud.runtime.traces is not None
    return cloud.runtime.traces.kept.last(10_000, what)


def told(cloud: Cloud) -> bytes:
    """All that is kept, as text."""
    return json.dumps(about(cloud, "")).encode()


async def found(cloud: Cloud, what: str, holds: Callable[[Trace], bool], *, within_s: float) -> Trace | None:
    """The trace about `what` for which `holds` is so, as soon as there is one."""
    return await first(lambda: next(filter(holds, about(cloud, what)), None), within_s=within_s)


async def first[Seen](look: Callable[[], Seen], *, within_s: float) -> Seen:
    """What is seen as soon as it is something; after that time, whatever it is."""
    end = time.monotonic() + within_s
    while True:
        if (seen := look()) or time.monotonic() >= end:
            return seen
        await asyncio.sleep(EVERY_S)


def legs(trace: Trace) -> set[tuple[str, str]]:
    """Of which function, and what."""
    return {(span["service"], span["name"]) for span in trace["spans"]}


def beginning(trace: Trace) -> Mapping[str, Any]:
    """The one span that goes on from none."""
    (found,) = [span for span in trace["spans"] if span["parent_id"] is None]
    return dict(found)
