"""Calls of AWS's services by functions that are refused, or never answered."""

from random import Random

from .ledger import Entry, Ledger
from .values import CallAnswer, Service


class CallFaults:
    """Asked before each call is handed on."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._draws: dict[Entry, Random] = {}

    def arm(self, fault: Service) -> None:
        """Put `fault` in force."""
        entry = self._ledger.add(fault, seconds=fault.seconds)
        self._draws = {known: draw for known, draw in self._draws.items() if known in self._ledger}
        self._draws[entry] = Random(fault.seed)  # noqa: S311 - repeatable, not secret

    def next(self, service: str) -> CallAnswer | None:
        """What becomes of the next call of `service`, as signatures name it; None: it goes its way."""
        for entry, fault in self._ledger.of(Service):
            if fault.service == service and self._draws[entry].random() < fault.share:
                self._ledger.strike(entry, at_most=fault.calls)
                return fault.answer
        return None
