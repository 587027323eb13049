import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.metrics.depths import Depths, _Message
from local.metrics.meter import Meter

NOW = 1_000.0


def message(*, sent_at: float, visible: bool = True, delayed: bool = False) -> Mapping[str, Any]:
    """As LocalStack shows it."""
    shown = {"SentTimestamp": int(sent_at * 1000), "IsVisible": visible, "IsDelayed": delayed}
    return {"Attribute": [{"Name": name, "Value": str(value).lower()} for name, value in shown.items()]}


@pytest.fixture
def depths(monkeypatch: pytest.MonkeyPatch) -> Depths:
    found = {
        "jobs": [message(sent_at=940), message(sent_at=900, visible=False), message(sent_at=990, delayed=True)],
        "empty": [],
    }

    def queues(_: Depths) -> Iterator[tuple[str, list[_Message]]]:
        yield from ((name, [_Message(each) for each in some]) for name, some in found.items())

    monkeypatch.setattr(Depths, "_queues", queues)
    return Depths(Meter(), url="http://127.0.0.1:9", region="eu-west-1", clock=lambda: NOW)


def taken(depths: Depths) -> dict[tuple[str, str], float]:
    asyncio.run(depths.sample())
    found = depths._meter.take().items()
    return {(dict(metric.dimensions)["QueueName"], metric.name): values.total for metric, values in found}


def test_what_can_be_received_counts_and_what_waits_or_is_under_way_has_an_age(depths: Depths) -> None:
    assert taken(depths) == {
        ("jobs", "ApproximateNumberOfMessagesVisible"): 1,
        ("jobs", "ApproximateAgeOfOldestMessage"): 100,
        ("empty", "ApproximateNumberOfMessagesVisible"): 0,
        ("empty", "ApproximateAgeOfOldestMessage"): 0,
    }


def test_is_told_once_a_minute(depths: Depths) -> None:
    assert taken(depths)
    assert taken(depths) == {}
    depths.clock = lambda: NOW + 60
    assert taken(depths)


def test_is_told_when_the_clock_was_put_back(depths: Depths) -> None:
    assert taken(depths)
    depths.clock = lambda: NOW - 3600
    assert taken(depths)
