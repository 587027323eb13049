"""How much of the log is stored in one go."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest

from natter.domain.ids import ConversationId
from natter.domain.messages.commands import Record

SPAN_MS = 1000
"""Of one conversation, records of less than so much of the log's time are tried together."""

ITEMS = 1000
"""Of one conversation, so many items are tried together at most."""

YOUNGER_US = 2 * SPAN_MS * 1000
"""
By how much a record that is set aside moves its conversation's write timestamps on.

Whatever was tried together with it, now, before or later, and by whom, is older than that: its timestamp is at most
`SPAN_MS` and one microsecond for each record beyond its own. Keyspaces takes timestamps of five minutes ahead.
"""


def goes(lanes: Iterable[Sequence[Record]]) -> Iterator[list[Record]]:
    """Records of some partitions, each in its order, cut into what is stored in one go: mostly it is one."""
    for pieces in zip_longest(*map(_cut, lanes), fillvalue=()):
        yield list(chain.from_iterable(pieces))


def _cut(lane: Sequence[Record]) -> Iterator[Sequence[Record]]:
    begun: dict[ConversationId, tuple[int, int]] = {}
    start = 0
    for index, record in enumerate(lane):
        conversation = record.command.conversation_id
        first_at, items = begun.get(conversation, (record.at, 0))
        items += len(record.command.items)
        if record.at - first_at >= SPAN_MS or items > ITEMS:
            yield lane[start:index]
            start, first_at, items = index, record.at, len(record.command.items)
            begun.clear()
        begun[conversation] = first_at, items
    yield lane[start:]
