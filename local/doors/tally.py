"""How much has come through the doors, in what AWS bills by: requests, and the units of Amazon Keyspaces."""

from collections import Counter
from dataclasses import dataclass

from .calls import Call
from .frames import BATCH, EXECUTE, QUERY, RESULT, Frame

ROW_BYTES = 100
"""Of every row, beside its values ("Estimate row size in Amazon Keyspaces")."""
WRITE_BYTES, READ_BYTES = 1024, 4096
"""What one unit carries: of a row that is written; of all that a statement reads at LOCAL_QUORUM."""
_SELECT, _MODIFY = "cassandra:Select", "cassandra:Modify"


@dataclass(frozen=True)
class Passed:
    """Something that was let through; `what` is an action of IAM (of a statement with its table behind it), or a
    command.
    """

    door: str
    role: str
    what: str


class Tally:
    """Counts for as long as the doors are there: how often, and what it adds up to where it is billed by size."""

    def __init__(self) -> None:
        self.times: Counter[Passed] = Counter()
        self.units: Counter[Passed] = Counter()
        self.size: Counter[Passed] = Counter()
        """Bytes: of rows that were written, of requests."""

    def add(self, passed: Passed, *, units: int = 0, size: int = 0) -> None:
        self.times[passed] += 1
        self.units[passed] += units
        self.size[passed] += size


class Statements:
    """Those of one connection to Cassandra, on their way there and back: what is read is known with the answer."""

    def __init__(self, tally: Tally, door: str, role: str) -> None:
        self._tally = tally
        self._door = door
        self._role = role
        self._reading: dict[int, Passed] = {}

    def asked(self, frame: Frame, calls: tuple[Call, ...]) -> None:
        """Of what was let through; each row of a batch is billed as if it were alone."""
        if frame.operation not in {QUERY, EXECUTE, BATCH}:
            return
        for call in calls:
            if call.action == _MODIFY:
                size = call.size + ROW_BYTES
                self._tally.add(self._passed(call), units=-(-size // WRITE_BYTES), size=size)
            elif call.action == _SELECT:
                self._reading[frame.stream] = self._passed(call)

    def answered(self, frame: Frame) -> None:
        """What finds nothing is a unit, too."""
        passed = self._reading.pop(frame.stream, None)
        if passed is not None and frame.operation == RESULT:
            self._tally.add(passed, units=max(1, -(-len(frame.body) // READ_BYTES)), size=len(frame.body))

    def _passed(self, call: Call) -> Passed:
        _, _, where = call.resource.partition("/keyspace/")
        return Passed(self._door, self._role, f"{call.action} {where.replace('/table/', '.')}")
