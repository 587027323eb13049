"""
The alarms of a running local cloud, evaluated by a clock that a test turns.

What they watch is what the cloud measures: each `minute` takes all that functions have logged and the platform has
reported since the last one, and then each alarm that is due is judged by its own expression, threshold and number of
periods, as the local cloud does every minute for those that LocalStack does not evaluate. Only how long a minute lasts
is the test's choice. What says how long something has waited reads the same clock.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from local.cloud import Cloud
from local.metrics.alarms import Alarms
from local.metrics.distribution import Distribution
from local.metrics.meter import Metric
from local.metrics.rule import Rule, in_order

MINUTE_S, DAY_S = 60, 86_400
AT_MOST = 30
"""Minutes within which an alarm rings that is to ring, and is over when what it rang for is."""

type Act = Callable[[], Awaitable[object]]


async def _nothing() -> None:
    """What happens in a minute in which nothing happens."""


class Bells:
    """Between `begin` and `end`. Names are without the stage."""

    def __init__(self, cloud: Cloud) -> None:
        assert cloud.runtime.metrics is not None
        self._metrics = cloud.runtime.metrics
        self._depths = cloud.runtime.depths
        self._prefix = f"natter-{cloud.app.outputs['Stage']}-"
        self._now = time.time() // MINUTE_S * MINUTE_S
        self._alarms = Alarms(cloud.app.alarms, now=self._now)
        self._rules = {alarm.name: Rule(alarm.rule) for alarm in cloud.app.composite_alarms}
        self._states: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._heard: dict[Metric, Distribution] = {}
        self.names = {self._short(name) for name in (*(alarm.name for alarm in cloud.app.alarms), *self._rules)}

    async def begin(self) -> None:
        await self._metrics.flush()
        self._metrics.listeners.append(self._hear)
        self._depths.clock = lambda: self._now

    def end(self) -> None:
        self._metrics.listeners.remove(self._hear)
        self._depths.clock = time.time

    @property
    def ringing(self) -> set[str]:
        return {self._short(name) for name, state in self._states.items() if state == "ALARM"}

    async def ring(self, names: Iterable[str], act: Act = _nothing, *, lasts_s: int = MINUTE_S) -> None:
        """
        Let minutes go by, in each of which `act` happens, until all of them ring; they must not do so before.

        Raises:
            AssertionError: some do not.
        """
        wanted = set(names)
        assert wanted, "nothing is to ring"
        assert not wanted & self.ringing, "rings before anything has happened"
        for _ in range(AT_MOST):
            await self.minute(act, lasts_s=lasts_s)
            if wanted <= self.ringing:
                return
        raise AssertionError(f"silent: {self._told(wanted - self.ringing)}")

    async def over(self, names: Iterable[str], act: Act = _nothing, *, lasts_s: int = MINUTE_S) -> None:
        """
        Let minutes go by, in each of which `act` happens, until none of them rings any more.

        Raises:
            AssertionError: some do.
        """
        wanted = set(names)
        for _ in range(AT_MOST):
            await self.minute(act, lasts_s=lasts_s)
            if not wanted & self.ringing:
                assert {self._states[self._prefix + name] for name in wanted} == {"OK"}
                return
        raise AssertionError(f"rings still: {self._told(wanted & self.ringing)}")

    async def minute(self, act: Act = _nothing, *, lasts_s: int = MINUTE_S) -> None:
        """A minute, or a longer time, in which `act` happens; then the alarms are judged."""
        await act()
        await self._metrics.flush()
        heard, self._heard = self._heard, {}
        self._alarms.record(heard, now=self._now)
        self._now += lasts_s
        for alarm, verdict in self._alarms.evaluate(now=self._now):
            if verdict.state is not None:
                self._states[alarm.name], self._reasons[alarm.name] = verdict.state, verdict.reason
        for name in in_order(self._rules):
            self._states[name] = "ALARM" if self._rules[name].holds(self._states) else "OK"

    def _hear(self, taken: Mapping[Metric, Distribution]) -> None:
        for metric, values in taken.items():
            self._heard.setdefault(metric, Distribution()).merge(values)

    def _short(self, name: str) -> str:
        return name.removeprefix(self._prefix)

    def _told(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self._reasons.get(self._prefix + name, "never judged") for name in sorted(names)}
