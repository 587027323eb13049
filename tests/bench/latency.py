"""From a sender's call to the recipient's frame: 20 pairs, 40 messages a second, beside the floor of the engines."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from local.cloud import Cloud
from tests.bench import children

RATE = 40.0


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Milliseconds of one round, and the messages that did not arrive."""

    ack_p50: float
    ack_p99: float
    delivery_p50: float
    delivery_p99: float
    floor_p50: float
    lost: int
    repeated: int
    """Frames that were refused for the moment and sent again."""
    reconnects: int

    @property
    def ratio(self) -> float:
        """How many times the floor a delivery takes."""
        return self.delivery_p50 / self.floor_p50


async def measure(cloud: Cloud, *, seconds: float) -> Latency:
    """One round: the floor, then the load, on the same engines."""
    kafka, cassandra = cloud.engines["kafka"].address, cloud.engines["cassandra"].address
    pace = (f"--rate={RATE}", f"--seconds={seconds}")
    floor = await children.run("floor", kafka, cassandra, *pace)
    load = await children.run("client", "open", cloud.app.outputs["HttpUrl"], *pace)
    return Latency(
        ack_p50=percentile(load["ack_ms"], 50),
        ack_p99=percentile(load["ack_ms"], 99),
        delivery_p50=percentile(load["delivery_ms"], 50),
        delivery_p99=percentile(load["delivery_ms"], 99),
        floor_p50=percentile(floor, 50),
        lost=load["sent"] - len(load["delivery_ms"]),
        repeated=load["repeated"],
        reconnects=load["reconnects"],
    )


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds that `call` took."""
    began = time.perf_counter()
    await call()
    return 1000 * (time.perf_counter() - began)


def by_request(title: str, rows: Mapping[str, Sequence[float]]) -> list[str]:
    """A table of what each kind of request took (ms)."""
    return [
        title,
        f"  {'':26}{'p50':>8}{'p99':>8}",
        *(f"  {name:26}{percentile(ms, 50):8.1f}{percentile(ms, 99):8.1f}" for name, ms in rows.items()),
    ]


def table(rounds: Sequence[Latency]) -> list[str]:
    def median(name: str) -> float:
        return statistics.median(float(getattr(each, name)) for each in rounds)

    return [
        f"open loop, 20 pairs, {RATE:.0f} messages/s (medians of {len(rounds)} rounds; ms from the call)",
        f"  {'':22}{'p50':>8}{'p99':>8}",
        f"  {'acknowledged':22}{median('ack_p50'):8.1f}{median('ack_p99'):8.1f}",
        f"  {'on the other screen':22}{median('delivery_p50'):8.1f}{median('delivery_p99'):8.1f}",
        f"  {'floor of the engines':22}{median('floor_p50'):8.1f}",
        f"  {'times the floor':22}{median('ratio'):8.1f}",
        f"  {'not arrived':22}{sum(each.lost for each in rounds):8}",
        f"  {'sent again':22}{sum(each.repeated for each in rounds):8}",
        f"  {'sockets closed':22}{sum(each.reconnects for each in rounds):8}",
    ]
