"""Sends a meter's metrics to CloudWatch in the background."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import batched, groupby
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client

from .meter import Meter, Metric, Statistics

LOG = logging.getLogger("local.metrics")
INTERVAL_S = 5.0
MAX_BATCH = 500
"""Metrics of one `PutMetricData` (at most 1,000)."""


class Publisher:
    """
    Between `start` and `stop`, every few seconds, asks the `samplers` to add what they measure and sends all there is.

    What CloudWatch does not take waits for the next time, within the bounds of the meter.
    """

    def __init__(
        self,
        meter: Meter,
        *,
        url: str,
        region: str,
        samplers: Sequence[Callable[[], None]] = (),
        interval_s: float = INTERVAL_S,
    ) -> None:
        self.sent = 0
        self.last_error: str | None = None
        self._meter = meter
        self._url = url
        self._region = region
        self._samplers = samplers
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="metrics")

    async def stop(self) -> None:
        """What has not been sent is lost. Harmless if it was not started."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def status(self) -> dict[str, Any]:
        return {"sent": self.sent, "dropped": self._meter.dropped, "last_error": self.last_error}

    async def _run(self) -> None:
        cloudwatch: Any = None
        while True:
            await asyncio.sleep(self._interval_s)
            for sample in self._samplers:
                sample()
            if not (taken := self._meter.take()):
                continue
            cloudwatch = cloudwatch or await asyncio.to_thread(client, "cloudwatch", self._url, self._region)
            await self._send(cloudwatch, taken)

    async def _send(self, cloudwatch: Any, taken: dict[Metric, Statistics]) -> None:
        now = datetime.now(UTC)
        for namespace, metrics in groupby(sorted(taken, key=_namespace), key=_namespace):
            for batch in batched(metrics, MAX_BATCH, strict=False):
                data = [_datum(metric, taken[metric], now) for metric in batch]
                try:
                    await asyncio.to_thread(cloudwatch.put_metric_data, Namespace=namespace, MetricData=data)
                except (BotoCoreError, ClientError) as error:
                    self._note(error)
                    self._meter.give_back({metric: taken[metric] for metric in batch})
                else:
                    self.sent += len(data)
                    self.last_error = None

    def _note(self, error: Exception) -> None:
        if self.last_error is None:
            LOG.warning("metrics wait: %s", error)
        self.last_error = str(error)


def _namespace(metric: Metric) -> str:
    return metric.namespace


def _datum(metric: Metric, statistics: Statistics, now: datetime) -> Mapping[str, Any]:
    return {
        "MetricName": metric.name,
        "Unit": metric.unit,
        "Timestamp": now,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        "StatisticValues": {
            "SampleCount": statistics.count,
            "Sum": statistics.total,
            "Minimum": statistics.least,
            "Maximum": statistics.most,
        },
    }
