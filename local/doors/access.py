"""What the doors ask before they let something through."""

from collections.abc import Iterator

from .calls import Call
from .iam import Grants, Named
from .ledger import Ledger, Refusal
from .tally import Tally


class Access:
    """
    What roles may do, by what the templates say at the moment; what they may not is put down in `ledger`, what the
    doors let through in `tally`.

    Until something is granted nobody may do anything.
    """

    def __init__(self, grants: Grants | None = None) -> None:
        self.grants = grants or Grants({})
        self.ledger = Ledger()
        self.tally = Tally()
        self._used: set[tuple[str, Named]] = set()

    def refusal(self, door: str, role: str, *calls: Call) -> Refusal | None:
        """Of the first of `calls` that `role` may not make at `door`; None if it may make all."""
        for call in calls:
            letting = self.grants.letting(role, call.action, call.resource, call.context)
            if not letting:
                refusal = Refusal(door, role, call.action, call.resource)
                self.ledger.refuse(refusal)
                return refusal
            for statement in letting:
                self._used |= {(role, each) for each in statement.named(call.action, call.resource)}
        return None

    def unused(self) -> Iterator[tuple[str, Named]]:
        """By role, what it was granted and has not been let do, or what was not asked for at a door."""
        return (each for each in self.grants.named() if each not in self._used)
