"""Posts to @connections that are refused, or never answered."""

from random import Random
from typing import Literal

from .ledger import Entry, Ledger
from .values import Connections


class PostFaults:
    """Asked by the gateway before each post."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._draws: dict[Entry, Random] = {}

    def arm(self, fault: Connections) -> None:
        """Put `fault` in force."""
        entry = self._ledger.add(fault, seconds=fault.seconds)
        self._draws = {known: draw for known, draw in self._draws.items() if known in self._ledger}
        self._draws[entry] = Random(fault.seed)  # noqa: S311 - repeatable, not secret

    def next(self) -> Literal[410, 429, "none"] | None:
        """How the next post is to be refused; None: it is not."""
        for entry, fault in self._ledger.of(Connections):
            if self._draws[entry].random() < fault.share:
                self._ledger.strike(entry, at_most=fault.posts)
                return fault.answer
        return None
