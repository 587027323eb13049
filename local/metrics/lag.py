"""How far consumer groups are behind, as MSK reports it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from local.model import KafkaSource, SqsSource

from . import counters
from .counters import Counters
from .meter import Meter


class Poller(Protocol):
    @property
    def source(self) -> KafkaSource | SqsSource: ...

    def status(self) -> Mapping[str, Any]: ...


class Lag:
    """Adds the lag of every poller that reads a topic, whenever `sample` is called."""

    def __init__(self, meter: Meter, pollers: Callable[[], Sequence[Poller]]) -> None:
        self._meter = meter
        self._pollers = pollers
        self._counters: dict[str, Counters] = {}

    async def sample(self) -> None:
        for poller in self._pollers():
            source = poller.source
            if not isinstance(source, KafkaSource):
                continue
            metrics = self._counters.setdefault(source.uuid, counters.of_consumer_group(self._meter, source))
            behind = [partition["lag"] for partition in poller.status()["partitions"].values()]
            metrics.add("SumOffsetLag", sum(behind))
            metrics.add("MaxOffsetLag", max(behind, default=0))
