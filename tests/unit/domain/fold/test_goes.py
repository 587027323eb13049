"""What is tried together is so little that what follows a record that is set aside is younger than all of it."""

from collections.abc import Sequence
from itertools import chain
from random import Random

import pytest

from natter.domain.fold.conversation import Conversation
from natter.domain.fold.goes import ITEMS, SPAN_MS, goes
from natter.domain.fold.writes import ClientIdRow, UnspentRow
from natter.domain.ids import ConversationId
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Head
from tests.messages import ANN, LOBBY, NOON, a_command, a_log, a_post, created

JUMP_MS = 3 * SPAN_MS
FRAME = 20
"""Items of one."""


def jumping(random: Random, *, length: int = 30) -> list[Record]:
    """A log whose clock jumps to and fro."""
    times = [NOON + 100 * index + random.randint(-JUMP_MS, JUMP_MS) for index in range(length)]
    return a_log([created(), *(a_command(a_post(f"m{index}")) for index in range(1, length))], at=times)


def written_at(conversation: Conversation, records: Sequence[Record]) -> list[int]:
    """The timestamps of what is noted of these, one after the other."""
    rows = (row for record in records for row in conversation.fold(record).rows)
    return [row.written_at for row in rows if isinstance(row, ClientIdRow | UnspentRow)]


class TestGoes:
    def test_what_came_within_a_second_is_one_go(self) -> None:
        log = a_log([created(), *(a_command(a_post(f"m{index}")) for index in range(9))], at=range(NOON, NOON + 10))
        assert list(goes([log])) == [log]

    def test_of_one_conversation_less_than_a_second_is_tried_together(self) -> None:
        log = a_log([created(), *(a_command(a_post(each)) for each in "xyz")], at=[NOON, NOON + 999, NOON + 1000, NOON])
        assert list(goes([log])) == [log[:2], log[2:]]

    def test_of_one_conversation_so_many_items_are_tried_together(self) -> None:
        posts = a_command(*(a_post(f"m{index}") for index in range(FRAME)))
        log = a_log([posts] * (ITEMS // FRAME + 1))
        assert list(goes([log])) == [log[:-1], log[-1:]]

    def test_conversations_are_looked_at_one_by_one_and_partitions_go_side_by_side(self) -> None:
        commands = [a_command(a_post("x"), conversation=ConversationId(each)) for each in "pqr"]
        slow = a_log(commands, at=[NOON, NOON + 900, NOON + 1800])
        quick = a_log([a_command(a_post(each)) for each in "xy"], at=[NOON, NOON + 1800])
        assert list(goes([slow, quick])) == [[*slow, quick[0]], [quick[1]]]

    @pytest.mark.parametrize("seed", range(20))
    def test_nothing_is_lost_or_moved(self, seed: int) -> None:
        log = jumping(Random(seed))
        assert list(chain.from_iterable(goes([log]))) == log

    @pytest.mark.parametrize("seed", range(50))
    def test_what_follows_a_record_set_aside_is_younger_than_what_was_ever_tried_with_it(self, seed: int) -> None:
        """However batches were cut, and whatever is tried later by who does not know that it is set aside."""
        random = Random(seed)
        log = jumping(random)
        aside = random.randrange(2, len(log) - 1)
        for first in range(aside + 1):
            together = next(go for go in goes([log[first:]]) if log[aside] in go)
            before, without = (Conversation(head=Head(conversation_id=LOBBY)) for _ in range(2))
            written_at(before, log[: log.index(together[0])])
            tried = written_at(before, together)
            written_at(without, log[:aside])
            without.void(log[aside])
            assert max(tried) < min(written_at(without, log[aside + 1 :]))


def test_a_place_of_the_log_is_cleared_only_where_something_was_set_aside() -> None:
    log = a_log([created(), a_command(a_post("x")), a_command(a_post("y")), a_command(a_post("y"), sender=ANN)])
    conversation = Conversation(head=Head(conversation_id=LOBBY))
    assert not any(isinstance(row, UnspentRow) for record in log[:2] for row in conversation.fold(record).rows)
    conversation.void(log[2])
    (cleared,) = (row for row in conversation.fold(log[3]).rows if isinstance(row, UnspentRow))
    assert cleared.place == (*log[3].position, 0)
