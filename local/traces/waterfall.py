"""Traces as waterfalls of text: one line a span, its bar where its time was. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

BAR = 40
"""Characters of the whole trace's time."""
MS = 1_000_000


def lines(trace: Mapping[str, Any]) -> Iterator[str]:
    """Of one trace, as `natter-local` is told of it; what goes on from nothing that is known comes first."""
    spans = sorted(trace["spans"], key=lambda span: (span["began_ns"], -span["ended_ns"]))
    began = spans[0]["began_ns"]
    whole = max(max(span["ended_ns"] for span in spans) - began, 1)
    at = datetime.fromtimestamp(began / 1e9, UTC)
    yield f"{trace['id']}  {at:%H:%M:%S.%f}"[:-3] + f" UTC  {whole / MS:,.1f} ms"
    ordered = list(_in_order(spans))
    names = [f"{'  ' * depth}{span['name']}" for span, depth in ordered]
    services = max(len(span["service"]) for span in spans)
    width = max(map(len, names))
    for (span, _), name in zip(ordered, names, strict=True):
        first = (span["began_ns"] - began) / whole
        length = (span["ended_ns"] - span["began_ns"]) / whole
        yield (
            f"  {span['service']:{services}}  {name:{width}}  {_bar(first, length)}  "
            f"{(span['began_ns'] - began) / MS:>9,.1f}  {(span['ended_ns'] - span['began_ns']) / MS:>9,.1f}  "
            f"{'FAILED  ' if span['failed'] else ''}{_told(span['attributes'])}"
        ).rstrip()


def _bar(first: float, length: float) -> str:
    begin = min(int(first * BAR), BAR - 1)
    size = min(max(round(length * BAR), 1), BAR - begin)
    return f"{' ' * begin}{'█' * size}{' ' * (BAR - begin - size)}"


def _in_order(spans: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Each behind what it goes on from, and how deep it stands."""
    known = {span["id"] for span in spans}
    below: dict[str | None, list[Mapping[str, Any]]] = {}
    for span in spans:
        below.setdefault(span["parent_id"] if span["parent_id"] in known else None, []).append(span)
    waiting = [(span, 0) for span in reversed(below.get(None, []))]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        waiting += [(each, depth + 1) for each in reversed(below.get(span["id"], []))]


def _told(attributes: Mapping[str, Any]) -> str:
    return "  ".join(f"{name}={value}" for name, value in attributes.items())
