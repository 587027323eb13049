"""Every scenario of clients/core-vectors, by the core of the Python SDK."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from natter_client.core.outbox import Outbox
from natter_client.core.part import Part
from natter_client.core.presence import Presence
from natter_client.core.read_state import ReadState
from natter_client.core.session import Session
from natter_client.core.syncing import Sync
from natter_client.core.timeline import Timeline
from natter_client.core.tokens import Tokens
from natter_client.core.typing_state import Typing

VECTORS = Path(__file__).parents[3] / "clients" / "core-vectors"
PARTS: dict[str, Callable[[Mapping[str, Any]], Part]] = {
    "timeline": lambda start: Timeline(start["me"], start.get("stored")),
    "outbox": lambda start: Outbox(start["entries"]),
    "session": lambda _: Session(),
    "tokens": lambda start: Tokens(start["tokens"]),
    "sync": lambda _: Sync(),
    "read_state": lambda start: ReadState(start["me"], start.get("conversations")),
    "typing": lambda start: Typing(start["me"]),
    "presence": lambda _: Presence(),
}


def repeated(fields: dict[str, Any]) -> Any:
    """`{"$repeat": [TEXT, N]}` stands for a long text."""
    if fields.keys() == {"$repeat"}:
        text, times = fields["$repeat"]
        return text * times
    return fields


FILES = {
    path.stem: json.loads(path.read_text(), object_hook=repeated)
    for path in sorted(VECTORS.glob("*.json"))
    if path.stem in PARTS
}
SCENARIOS = [
    pytest.param(part, scenario, id=scenario["id"]) for part, file in FILES.items() for scenario in file["scenarios"]
]
MOST_WAKES = 1000


class Run:
    """One scenario: the part, and the random numbers of the step that is under way."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.random: Iterator[float] = iter(())

    def step(self, given: Mapping[str, Any], at: int, random: list[float]) -> list[dict[str, Any]]:
        self.random = iter(random)
        effects = self.part.step(given, at, lambda: next(self.random))
        assert next(self.random, None) is None, "it drew fewer random numbers"
        return effects

    def pass_time(self, until: int) -> None:
        """Wake it whenever it wants to be, which must have no effects."""
        for _ in range(MOST_WAKES):
            wake_at = self.part.wake_at
            if wake_at is None or wake_at > until:
                return
            assert self.step({"type": "wake"}, wake_at, []) == [], f"woken at {wake_at}"
        raise AssertionError(f"it wants to be woken at {self.part.wake_at} for ever")


def plain(value: object) -> Any:
    """As JSON."""
    return json.loads(json.dumps(value))


@pytest.mark.parametrize(("part", "scenario"), SCENARIOS)
def test_scenario(part: str, scenario: Mapping[str, Any]) -> None:
    run = Run(PARTS[part](scenario["start"]))
    for number, step in enumerate(scenario["steps"]):
        given, at = step["in"], step["at"]
        if given["type"] == "wake":
            run.pass_time(at - 1)
            assert run.part.wake_at == at, f"step {number}: it wants to be woken at {run.part.wake_at}"
        else:
            run.pass_time(at)
        assert plain(run.step(given, at, step.get("random", []))) == step["effects"], f"step {number}"
        if "state" in step:
            assert plain(run.part.view()) == step["state"], f"step {number}"
    if "until" in scenario:
        run.pass_time(scenario["until"])
    assert plain(run.part.view()) == scenario["final"]


def test_every_part_has_a_file() -> None:
    assert FILES.keys() == PARTS.keys()
