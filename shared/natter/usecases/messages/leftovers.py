"""What tries of records may have left that were never completed, because one of them is at fault; and how it goes."""

import logging
from bisect import bisect_left
from collections.abc import Callable, Sequence

from natter.domain.errors import Unavailable
from natter.domain.fold.conversation import Conversation
from natter.domain.fold.writes import Row
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Head
from natter.ports.messages import EventStore

_logger = logging.getLogger(__name__)


def load_readable[Loaded](
    records: Sequence[Record], load: Callable[[Sequence[Record]], Loaded]
) -> tuple[Sequence[Record], Loaded | None]:
    """
    The first of `records`, up to one for which nothing can be read, and what is read for them; None for none. Together
    with that one, nothing was ever stored.

    Raises:
        Unavailable: the store did not answer.
    """

    def loaded(count: int) -> Loaded | None:
        try:
            return load(records[:count])
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - it is for this that one is set aside, or will be
            _logger.info("not to be read: %s", type(error).__name__)
            return None

    if (all_of_it := loaded(len(records))) is not None:
        return records, all_of_it
    count = bisect_left(range(1, len(records)), True, key=lambda count: loaded(count) is None)
    return records[:count], loaded(count) if count else None


def rows_of(conversation: Conversation, records: Sequence[Record]) -> list[Row]:
    """What folding `records` one after the other would write, up to one that cannot be folded."""
    rows: list[Row] = []
    for record in records:
        try:
            rows += conversation.fold(record).rows
        except Exception as error:  # noqa: BLE001 - it is for this that it is set aside: nothing of it was written
            _logger.info("nothing to be undone: %s", type(error).__name__)
            break
    return rows


def void_in_parts(store: EventStore, rows: Sequence[Row], head: Head) -> None:
    """
    Undo `rows`, as `EventStore.undo` says, and move the head, but for what the store refuses: it has never taken it.

    Raises:
        Unavailable: the store did not answer.
    """
    _in_parts(lambda some: store.undo(some, head), rows)
    _in_parts(store.write_heads, [head])


def _in_parts[Part](work: Callable[[Sequence[Part]], None], parts: Sequence[Part]) -> None:
    try:
        work(parts)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is called, it is the fault of one of these
        if len(parts) <= 1:
            _logger.info("never stored: %s", type(error).__name__)
            return
        middle = len(parts) // 2
        _in_parts(work, parts[:middle])
        _in_parts(work, parts[middle:])
