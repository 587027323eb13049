"""Several platforms behind one door."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from natter.domain.accounts.users import PushProvider, PushTarget
from natter.domain.push.registrations import Handed, Waking
from natter.ports.push import PushEndpoints, PushService


@dataclass(frozen=True, kw_only=True)
class ServiceByPlatform:
    """`PushService` of all platforms: each by its own, side by side, so that one that is slow takes nobody's time."""

    services: Mapping[PushProvider, PushService]

    def hand_over(self, wakings: Sequence[Waking], *, budget_s: float) -> Sequence[Handed]:
        by_service: dict[int, list[int]] = {}
        for index, each in enumerate(wakings):
            by_service.setdefault(id(self._of(each)), []).append(index)
        handed: dict[int, Handed] = {}
        with ThreadPoolExecutor(max_workers=max(1, len(by_service))) as threads:
            for indexes, results in threads.map(
                lambda some: (some, self._hand_over([wakings[index] for index in some], budget_s)), by_service.values()
            ):
                handed.update(zip(indexes, results, strict=True))
        return [handed[index] for index in range(len(wakings))]

    def _hand_over(self, wakings: Sequence[Waking], budget_s: float) -> Sequence[Handed]:
        return self._of(wakings[0]).hand_over(wakings, budget_s=budget_s)

    def _of(self, waking: Waking) -> PushService:
        return self.services[waking.registration.target.provider]


@dataclass(frozen=True, kw_only=True)
class EndpointsByPlatform:
    """`PushEndpoints` of all platforms."""

    endpoints: Mapping[PushProvider, PushEndpoints]

    def make(self, target: PushTarget) -> str | None:
        return self.endpoints[target.provider].make(target)


_service: type[PushService] = ServiceByPlatform
_endpoints: type[PushEndpoints] = EndpointsByPlatform
