"""What every `HeadCache` promises."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from natter.adapters.valkey.head_cache import ValkeyHeadCache
from natter.domain.ids import ConversationId, new_id
from natter.domain.messages.events import Head, HeadPlace
from natter.ports.reading import HeadCache
from tests.memory.head_cache import MemoryHeadCache
from tests.messages import a_head, an_event


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def heads(request: pytest.FixtureRequest) -> HeadCache:
    if request.param == "memory":
        return MemoryHeadCache()
    return ValkeyHeadCache(request.getfixturevalue("valkey"))


def fill(heads: HeadCache, *known: Head) -> None:
    table = {head.conversation_id: head for head in known}
    assert heads.fill(list(table), lambda conversations: {each: table[each] for each in conversations}) == table


class TestHeadCacheContract:
    def test_what_it_was_filled_with_is_what_it_holds(self, heads: HeadCache, conversation: ConversationId) -> None:
        preview = an_event(7, conversation=conversation, payload={"content": {"text": "grüße 🦊"}})
        head = a_head(7, conversation=conversation, members_seq=3, preview=preview)
        fill(heads, head)
        assert heads.get([conversation]) == {conversation: head}

    def test_where_it_is_can_be_asked_of_many(self, heads: HeadCache) -> None:
        known = [a_head(seq, conversation=ConversationId(new_id())) for seq in range(1, 6)]
        fill(heads, *known[:4])
        heads.advance([a_head(9, conversation=known[0].conversation_id)])
        assert heads.places([head.conversation_id for head in reversed(known)]) == {
            known[0].conversation_id: HeadPlace.of(a_head(9, conversation=known[0].conversation_id)),
            **{head.conversation_id: HeadPlace.of(head) for head in known[1:4]},
        }
        assert heads.places([]) == {}

    def test_what_is_not_there_is_not_advanced(self, heads: HeadCache, conversation: ConversationId) -> None:
        """After a loss of its data, nobody knows whether the head is the newest."""
        heads.advance([a_head(7, conversation=conversation)])
        assert heads.get([conversation]) == {}

    def test_it_only_moves_forward(self, heads: HeadCache, conversation: ConversationId) -> None:
        newer, older = a_head(7, conversation=conversation), a_head(6, conversation=conversation)
        fill(heads, older)
        heads.advance([newer])
        heads.advance([older])
        assert heads.get([conversation]) == {conversation: newer}

    def test_a_new_epoch_is_forward_though_its_offsets_begin_anew(
        self, heads: HeadCache, conversation: ConversationId
    ) -> None:
        old, new = a_head(7, conversation=conversation), a_head(8, conversation=conversation, epoch=2, offset=0)
        fill(heads, old)
        heads.advance([new])
        heads.advance([old])
        assert heads.get([conversation]) == {conversation: new}

    def test_advancing_again_changes_nothing(self, heads: HeadCache, conversation: ConversationId) -> None:
        head = a_head(7, conversation=conversation)
        fill(heads, head)
        heads.advance([head])
        assert heads.get([conversation]) == {conversation: head}

    def test_of_the_heads_of_one_place_the_last_to_come_stays(
        self, heads: HeadCache, conversation: ConversationId
    ) -> None:
        """Records that are refused move the log's position and no place: of readers, nobody sees a difference."""
        one, other = (a_head(7, conversation=conversation, offset=offset) for offset in (20, 19))
        fill(heads, one)
        for head in (other, one):
            heads.advance([head])
            assert heads.get([conversation]) == {conversation: head}

    def test_what_was_advanced_while_the_table_was_read_is_not_filled_with_what_was_before(
        self, heads: HeadCache, conversation: ConversationId
    ) -> None:
        before, now = a_head(6, conversation=conversation), a_head(7, conversation=conversation)

        def read(conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
            heads.advance([now])
            return dict.fromkeys(conversations, before)

        assert heads.fill([conversation], read) == {conversation: before}
        assert heads.get([conversation]) == {}

    def test_of_two_that_fill_the_later_to_begin_does(self, heads: HeadCache, conversation: ConversationId) -> None:
        before, now = a_head(6, conversation=conversation), a_head(7, conversation=conversation)

        def read(conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Head]:
            fill(heads, now)
            return dict.fromkeys(conversations, before)

        heads.fill([conversation], read)
        assert heads.get([conversation]) == {conversation: now}

    def test_what_the_table_does_not_have_is_not_kept(self, heads: HeadCache, conversation: ConversationId) -> None:
        assert heads.fill([conversation], lambda _: {}) == {}
        assert heads.get([conversation]) == {}

    def test_what_is_not_cached_is_missing(self, heads: HeadCache, conversation: ConversationId) -> None:
        other = ConversationId(new_id())
        fill(heads, a_head(1, conversation=conversation))
        assert heads.get([conversation, other]).keys() == {conversation}

    def test_many_conversations_at_once(self, heads: HeadCache) -> None:
        all_heads = [a_head(seq, conversation=ConversationId(new_id())) for seq in range(1, 101)]
        fill(heads, *all_heads)
        assert heads.get([head.conversation_id for head in all_heads]) == {
            head.conversation_id: head for head in all_heads
        }

    def test_nothing_to_do_is_fine(self, heads: HeadCache) -> None:
        heads.advance([])
        fill(heads)
        assert heads.get([]) == {}

    def test_of_many_at_once_the_foremost_stays(self, heads: HeadCache, conversation: ConversationId) -> None:
        fill(heads, a_head(1, conversation=conversation))
        ahead = [a_head(seq, conversation=conversation) for seq in (5, 19, 3, 20, 11, 1, 18, 2)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda head: heads.advance([head]), ahead))
        assert heads.get([conversation])[conversation].seq == 20
