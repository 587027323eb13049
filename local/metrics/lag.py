"""How far consumer groups are behind, as MSK reports it."""

from collections.abc import Callable, Sequence

from local.sources.kafka import KafkaPoller

from . import counters
from .counters import Counters
from .meter import Meter


class Lag:
    """Adds the lag of every poller that reads a topic, whenever `sample` is called."""

    def __init__(self, meter: Meter, sources: Callable[[], Sequence[object]]) -> None:
        self._meter = meter
        self._sources = sources
        self._counters: dict[str, Counters] = {}

    def sample(self) -> None:
        for poller in self._sources():
            if not isinstance(poller, KafkaPoller):
                continue
            metrics = self._counters.setdefault(
                poller.source.uuid, counters.of_consumer_group(self._meter, poller.source)
            )
            behind = [partition["lag"] for partition in poller.status()["partitions"].values()]
            metrics.add("SumOffsetLag", sum(behind))
            metrics.add("MaxOffsetLag", max(behind, default=0))
