"""Sends a meter's metrics to CloudWatch in the background, and the states of alarms that it does not evaluate."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import batched, groupby
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import client
from local.model import Alarm, CompositeAlarm, Dashboard

from .alarms import Alarms
from .charts import Charts
from .composites import Composites
from .distribution import Distribution
from .meter import Meter, Metric

LOG = logging.getLogger("local.metrics")
INTERVAL_S = 5.0
MAX_BATCH = 500
"""Metrics of one `PutMetricData` (at most 1,000)."""

type Sampler = Callable[[], Awaitable[None]]
type Listener = Callable[[Mapping[Metric, Distribution]], None]


class Publisher:
    """
    Between `start` and `stop`, every few seconds, asks the `samplers` to add what they measure and sends all there is.

    What CloudWatch does not take waits for the next time, within the bounds of the meter. Then come the states of
    the alarms that are due: whatever state an alarm has there, set by hand perhaps, lasts until then, as on AWS. Last
    come those that rest on the states of others.
    """

    def __init__(
        self,
        meter: Meter,
        *,
        url: str,
        region: str,
        samplers: Sequence[Sampler] = (),
        interval_s: float = INTERVAL_S,
    ) -> None:
        self.sent = 0
        self.last_error: str | None = None
        self.states: dict[str, str] = {}
        """Of the alarms, by name, as they were told last."""
        self.listeners: list[Listener] = []
        """Are told what CloudWatch has taken, too."""
        self.charts = Charts(())
        self._alarms: Alarms | None = None
        self._composites = Composites(())
        self._meter = meter
        self._url = url
        self._region = region
        self._samplers = samplers
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._cloudwatch: Any = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="metrics")

    async def stop(self) -> None:
        """What has not been sent is lost. Harmless if it was not started."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def watch(self, alarms: Sequence[Alarm], composites: Sequence[CompositeAlarm] = ()) -> None:
        """
        From now on tell the states of these, which exist in CloudWatch, and of no others; what was before is forgotten.

        Raises:
            NotUnderstood: an expression, or a rule, is not.
        """
        self._composites = Composites(composites)
        self._alarms = Alarms(alarms, now=time.time()) if alarms else None
        self.states = {alarm.name: "INSUFFICIENT_DATA" for alarm in alarms}

    def chart(self, dashboards: Sequence[Dashboard]) -> None:
        """From now on keep what these show; what was before is forgotten."""
        self.charts = Charts(dashboards)

    def status(self) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "dropped": self._meter.dropped,
            "last_error": self.last_error,
            "alarms": {**self.states, **self._composites.states},
        }

    async def flush(self) -> None:
        """Send now what there is, after it was asked for; alarms wait for their time."""
        async with self._turn:
            for sample in self._samplers:
                await sample()
            if taken := self._meter.take():
                await self._send(await self._connected(), taken)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            await self.flush()
            if self._alarms is not None:
                await self._tell(await self._connected(), self._alarms)
            if self._composites.states:
                await self._tell_composites(await self._connected())

    async def _connected(self) -> Any:
        self._cloudwatch = self._cloudwatch or await asyncio.to_thread(client, "cloudwatch", self._url, self._region)
        return self._cloudwatch

    async def _send(self, cloudwatch: Any, taken: dict[Metric, Distribution]) -> None:
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
                    self._record({metric: taken[metric] for metric in batch}, now=now.timestamp())

    def _record(self, taken: Mapping[Metric, Distribution], *, now: float) -> None:
        self.charts.record(taken, now=now)
        if self._alarms is not None:
            self._alarms.record(taken, now=now)
        for listen in self.listeners:
            listen(taken)

    async def _tell(self, cloudwatch: Any, alarms: Alarms) -> None:
        """What cannot be told is told when it is due again."""
        for alarm, verdict in alarms.evaluate(now=time.time()):
            if verdict.state is None:
                continue
            told = {"AlarmName": alarm.name, "StateValue": verdict.state, "StateReason": verdict.reason}
            try:
                await asyncio.to_thread(cloudwatch.set_alarm_state, **told)
            except (BotoCoreError, ClientError) as error:
                self._note(error)
            else:
                self.states[alarm.name] = verdict.state

    async def _tell_composites(self, cloudwatch: Any) -> None:
        sns = await asyncio.to_thread(client, "sns", self._url, self._region)
        try:
            await asyncio.to_thread(self._composites.tell, cloudwatch, sns)
        except (BotoCoreError, ClientError) as error:
            self._note(error)

    def _note(self, error: Exception) -> None:
        if self.last_error is None:
            LOG.warning("metrics wait: %s", error)
        self.last_error = str(error)


def _namespace(metric: Metric) -> str:
    return metric.namespace


def _datum(metric: Metric, values: Distribution, now: datetime) -> Mapping[str, Any]:
    return {
        "MetricName": metric.name,
        "Unit": metric.unit,
        "Timestamp": now,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        "StatisticValues": {
            "SampleCount": values.count,
            "Sum": values.total,
            "Minimum": values.least,
            "Maximum": values.most,
        },
    }
