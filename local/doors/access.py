"""What the doors ask before they let something through."""

from .calls import Call
from .iam import Grants
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

    def refusal(self, door: str, role: str, *calls: Call) -> Refusal | None:
        """Of the first of `calls` that `role` may not make at `door`; None if it may make all."""
        for call in calls:
            if not self.grants.allow(role, call.action, call.resource, call.context):
                refusal = Refusal(door, role, call.action, call.resource)
                self.ledger.refuse(refusal)
                return refusal
        return None
