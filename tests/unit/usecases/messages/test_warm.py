import gc
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any

import pytest

from natter.domain.conversations.members import Membership
from natter.domain.conversations.rosters import Roster
from natter.domain.fold.conversation import Conversation
from natter.domain.ids import ConversationId, UserId, new_id
from natter.domain.messages.commands import Record
from natter.usecases.messages.warm import Warm, estimated_bytes
from tests.messages import LOBBY, a_command, a_head, a_log, a_post, an_event

KITCHEN, GARDEN = ConversationId("kitchen"), ConversationId("garden")
NOT_OWN = (type, ModuleType, FunctionType)


def a_conversation(conversation: ConversationId = LOBBY, *, members: int = 0, offset: int = 0, text: str = "hi") -> Any:
    """Ids and places are objects of their own, as they are when they were read."""
    preview = an_event(3, conversation=conversation, payload={"content": {"type": "text", "text": text + new_id()}})
    return Conversation(
        head=a_head(10**6, conversation=conversation, offset=offset, preview=preview),
        members={
            UserId(new_id()): Membership(role="member", joined_seq=10**6 + each, joined_messages=10**5 + each)
            for each in range(members)
        },
    )


def a_lane(*conversations: ConversationId, partition: int = 0, first: int = 0) -> Sequence[Record]:
    """A record for each, at offsets from `first` on."""
    records = a_log([a_command(a_post("x"))] * len(conversations))
    return [
        replace(
            record,
            command=replace(record.command, conversation_id=conversation),
            partition=partition,
            offset=first + index,
        )
        for index, (record, conversation) in enumerate(zip(records, conversations, strict=True))
    ]


def folded(warm: Warm, *conversations: ConversationId, partition: int = 0, first: int = 0, members: int = 0) -> None:
    """A batch of one record of each, that succeeds."""
    lane = a_lane(*conversations, partition=partition, first=first)
    warm.begin(lane[0])
    warm.complete(lane, {each: a_conversation(each, members=members) for each in conversations})


class TestKeeping:
    def test_what_a_batch_has_touched_is_there_for_the_next(self) -> None:
        warm = Warm()
        folded(warm, LOBBY, KITCHEN)
        warm.begin(a_lane(LOBBY, first=2)[0])
        assert warm.get(0, LOBBY) is not None
        assert warm.get(0, KITCHEN) is not None
        assert warm.get(1, LOBBY) is None

    def test_after_a_hole_nothing_is_known(self) -> None:
        warm = Warm()
        folded(warm, LOBBY)
        warm.begin(a_lane(LOBBY, first=2)[0])
        assert (warm.get(0, LOBBY), warm.size, warm.partitions) == (None, 0, [])

    def test_a_batch_that_fails_leaves_nothing_behind(self) -> None:
        warm = Warm()
        folded(warm, LOBBY)
        for _ in range(2):
            warm.begin(a_lane(LOBBY, first=1)[0])
        assert (warm.get(0, LOBBY), warm.size) == (None, 0)

    def test_what_is_ahead_of_its_batch_is_not_kept(self) -> None:
        """Its replay takes all that is stored."""
        warm, lane = Warm(), a_lane(LOBBY)
        warm.begin(lane[0])
        warm.complete(lane, {LOBBY: a_conversation(offset=5)})
        assert (warm.get(0, LOBBY), warm.size, warm.partitions) == (None, 0, [])

    def test_a_partition_can_be_forgotten(self) -> None:
        warm = Warm()
        folded(warm, LOBBY)
        folded(warm, KITCHEN, partition=1)
        warm.forget(0)
        assert (warm.get(0, LOBBY), warm.partitions) == (None, [1])
        assert warm.size == estimated_bytes(a_conversation(KITCHEN))


class TestBudget:
    def test_what_was_not_touched_for_the_longest_time_leaves_first(self) -> None:
        warm = Warm(budget=estimated_bytes(a_conversation(members=100)) * 5 // 2)
        folded(warm, LOBBY, members=100)
        folded(warm, KITCHEN, first=1, members=100)
        folded(warm, LOBBY, first=2, members=100)
        folded(warm, GARDEN, first=3, members=100)
        assert [warm.get(0, each) is not None for each in (LOBBY, KITCHEN, GARDEN)] == [True, False, True]

    def test_a_partition_that_has_moved_away_is_not_kept_for_ever(self) -> None:
        warm = Warm(budget=estimated_bytes(a_conversation(members=100)) * 3 // 2)
        folded(warm, LOBBY, members=100)
        folded(warm, KITCHEN, partition=1, members=100)
        assert (warm.get(0, LOBBY), warm.partitions) == (None, [1])
        folded(warm, LOBBY, first=1, members=100)
        assert warm.partitions == [0]

    def test_however_much_is_folded_the_budget_holds(self) -> None:
        warm = Warm(budget=100_000)
        for batch in range(200):
            folded(warm, ConversationId(f"c{batch}"), partition=batch % 7, first=batch // 7, members=batch % 50)
            assert 0 < warm.size <= 100_000

    def test_what_grows_is_weighed_anew(self) -> None:
        warm = Warm()
        folded(warm, LOBBY)
        folded(warm, LOBBY, first=1, members=100)
        assert warm.size == estimated_bytes(a_conversation(members=100))

    def test_what_alone_is_more_than_the_budget_is_not_kept(self) -> None:
        warm = Warm(budget=10_000)
        folded(warm, LOBBY, members=1000)
        assert (warm.get(0, LOBBY), warm.size, warm.partitions) == (None, 0, [])


class TestEstimate:
    @pytest.mark.parametrize("members", [0, 2, 30, 1000])
    @pytest.mark.parametrize("text", ["hi", "x" * 8000, "漢" * 8000])
    def test_is_what_python_uses_within_a_factor_of_two(self, members: int, text: str) -> None:
        conversation = a_conversation(members=members, text=text)
        used = _reachable_bytes(conversation)
        assert used / 2 <= estimated_bytes(conversation) <= used * 2

    def test_what_was_looked_up_for_a_batch_is_not_kept(self) -> None:
        conversation = a_conversation(members=1000)
        before = _reachable_bytes(conversation)
        conversation.audience()
        conversation.erased.add(UserId(new_id()))
        conversation.past = Roster(members=dict(conversation.members))
        conversation.forget()
        assert _reachable_bytes(conversation) == before


def _reachable_bytes(value: object) -> int:
    """Of all objects that are reachable from `value`, each once."""
    seen: dict[int, object] = {}
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, NOT_OWN) or each is None:
            continue
        seen[id(each)] = each
        waiting += gc.get_referents(each)
    return sum(map(sys.getsizeof, seen.values()))
