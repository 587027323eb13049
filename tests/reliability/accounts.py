"""What the ledger says of a run, in the end: everything is accounted for."""

from collections.abc import Iterable, Sequence

from natter.domain.messages.commands import Record
from natter.ports.reading import Timeline
from natter.usecases.operations.reconcile import Reconcile
from tests.memory.command_history import MemoryCommandHistory


def unaccounted(log: Sequence[Record], dead: Iterable[Record], tables: Timeline) -> Iterable[str]:
    """P1. `log` is committed as a whole."""
    history = MemoryCommandHistory(log)
    history.letters = {(record.partition, record.offset) for record in dead}
    for each in Reconcile(history=history, timeline=tables, now_ms=lambda: 0, budget_ms=1)().lost:
        yield f"item {each.item} at offset {each.offset} is unaccounted for"
