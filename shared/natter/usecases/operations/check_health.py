"""Whether the stores that a request needs answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.errors import Unavailable
from natter.ports.operations import Probe


@dataclass(frozen=True, kw_only=True)
class CheckHealth:
    """True if all answer."""

    probes: Sequence[Probe]

    def __call__(self) -> bool:
        try:
            for each in self.probes:
                each.probe()
        except Unavailable:
            return False
        return True
