"""How a trace is shown in a terminal."""

from typing import Any

from local.traces.waterfall import lines

MS = 1_000_000
NOON = 1_767_268_800_000 * MS


def a_span(name: str, began: int, ended: int, *, parent: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "parent_id": parent,
        "service": "shop",
        "name": name,
        "began_ns": NOON + began * MS,
        "ended_ns": NOON + ended * MS,
        "failed": False,
        "attributes": {},
        **more,
    }


def test_a_line_a_span_below_what_it_goes_on_from() -> None:
    spans = [
        a_span("late", 60, 80, parent="order"),
        a_span("pay", 10, 50, parent="order", failed=True, attributes={"items": 2}),
        a_span("order", 0, 80),
        a_span("card", 20, 30, parent="pay"),
    ]
    shown = list(lines({"id": "4bf9", "spans": spans}))
    assert shown[0] == "4bf9  12:00:00.000 UTC  80.0 ms"
    assert shown[1:] == [
        f"  shop  order     {'█' * 40}        0.0       80.0",
        f"  shop    pay     {' ' * 5}{'█' * 20}{' ' * 15}       10.0       40.0  FAILED  items=2",
        f"  shop      card  {' ' * 10}{'█' * 5}{' ' * 25}       20.0       10.0",
        f"  shop    late    {' ' * 30}{'█' * 10}       60.0       20.0",
    ]


def test_what_goes_on_from_nothing_that_is_known_is_shown_all_the_same() -> None:
    shown = list(lines({"id": "4bf9", "spans": [a_span("pay", 0, 0, parent="lost")]}))
    assert len(shown) == 2
    assert shown[1].startswith("  shop  pay  █")
