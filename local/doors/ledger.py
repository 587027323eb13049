"""Who came to the doors, and what was refused to whom: what `natter-local status` shows."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST = 500
"""Different ones that are kept, of visitors and of refusals: the ones that came last."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusal:
    """Something that no policy of the role allows."""

    door: str
    role: str
    """Its ARN."""
    action: str
    """In the words of IAM, e.g. `kafka-cluster:WriteData`."""
    resource: str
    """ARN of what it was to be done to, or `*`."""

    def __str__(self) -> str:
        """As AWS says it."""
        return f"User: {self.role} is not authorized to perform: {self.action} on resource: {self.resource}"


class Ledger:
    """Counts; a refusal is a line in the log the first time: clients ask again and again."""

    def __init__(self) -> None:
        self._refusals: dict[Refusal, int] = {}
        self._visits: dict[tuple[str, str], int] = {}
        self._functions: Mapping[str, str] = {}

    def introduce(self, functions: Iterable[tuple[str, str]]) -> None:
        """Role and name of each function: people know these by name."""
        names: dict[str, list[str]] = {}
        for role, name in functions:
            names.setdefault(role, []).append(name)
        self._functions = {role: ", ".join(sorted(shared)) for role, shared in names.items()}

    def admit(self, door: str, role: str) -> None:
        _count(self._visits, (door, role))

    def refuse(self, refusal: Refusal) -> None:
        if refusal not in self._refusals:
            function = self._name(refusal.role)
            _logger.warning("%s: %s may not %s on %s", refusal.door, function, refusal.action, refusal.resource)
        _count(self._refusals, refusal)

    def visitors(self, door: str) -> dict[str, int]:
        """How often each function was let in."""
        found = Counter[str]()
        for (which, role), times in self._visits.items():
            if which == door:
                found[self._name(role)] += times
        return dict(sorted(found.items()))

    def refusals(self) -> list[dict[str, Any]]:
        """Those that came last, the last one first."""
        return [
            {
                "door": refusal.door,
                "function": self._name(refusal.role),
                "action": refusal.action,
                "resource": refusal.resource,
                "times": times,
            }
            for refusal, times in reversed(self._refusals.items())
        ]

    def _name(self, role: str) -> str:
        """Of the function, or functions, that act as `role`; the role itself if there is none."""
        return self._functions.get(role, role)


def _count[Key](counts: dict[Key, int], key: Key) -> None:
    """The one that was counted last stands last; the first ones make room."""
    counts[key] = counts.pop(key, 0) + 1
    if len(counts) > MOST:
        del counts[next(iter(counts))]
