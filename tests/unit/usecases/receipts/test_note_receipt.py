from dataclasses import replace

import pytest

from natter.domain.conversations.records import CreateRequest
from natter.domain.errors import BadRequest, NotMember, Unavailable
from natter.domain.ids import ConnectionId, ConversationId, UserId
from natter.domain.receipts import Receipt
from tests.chat import Chat
from tests.memory.head_cache import MemoryHeadCache
from tests.messages import MALLORY, a_post


class DownLog:
    def append(self, receipt: Receipt) -> None:
        raise Unavailable(f"the log, given {receipt.read_seq}")


@pytest.fixture
def lobby(chat: Chat, ann: UserId) -> ConversationId:
    """Its head is at 3."""
    conversation = chat.group(ann)
    chat.say(conversation, ann, a_post("m1"), a_post("m2"))
    return conversation


def reading(conversation: ConversationId, user: UserId, seq: int) -> Receipt:
    return Receipt(conversation_id=conversation, user_id=user, read_seq=seq, connection_id=ConnectionId("phone"))


class TestNoteReceipt:
    def test_what_is_said_is_in_the_log(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        read = reading(lobby, ann, 3)
        delivered = Receipt(conversation_id=lobby, user_id=ann, delivered_seq=3)
        chat.note_receipt(read)
        chat.note_receipt(delivered)
        assert [record.receipt for record in chat.receipt_log.records] == [read, delivered]

    def test_beyond_the_head_is_a_bad_request(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        said = Receipt(conversation_id=lobby, user_id=ann)
        for beyond in (replace(said, read_seq=4), replace(said, delivered_seq=4)):
            with pytest.raises(BadRequest, match="seq: beyond the head"):
                chat.note_receipt(beyond)
        assert chat.receipt_log.records == []

    def test_a_cache_without_its_data_refuses_nothing(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        note = replace(chat.note_receipt, heads=MemoryHeadCache())
        note(reading(lobby, ann, 3))
        with pytest.raises(BadRequest):
            note(reading(lobby, ann, 4))

    def test_a_cache_that_is_behind_refuses_nothing(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        behind, head = MemoryHeadCache(), chat.tables.heads([lobby])[lobby]
        behind.fill([lobby], lambda _: {lobby: replace(head, seq=2)})
        replace(chat.note_receipt, heads=behind)(reading(lobby, ann, 3))
        assert len(chat.receipt_log.records) == 1

    def test_nothing_can_be_read_before_the_first_event_is_folded(self, chat: Chat, ann: UserId) -> None:
        view, _ = chat.create(CreateRequest(creator=ann, kind="group", members=(), title="Unfolded"))
        with pytest.raises(BadRequest):
            chat.note_receipt(reading(view.record.conversation_id, ann, 1))

    def test_strangers_learn_nothing(self, chat: Chat, lobby: ConversationId) -> None:
        """P8: whether the place exists, or the conversation."""
        for conversation, seq in ((lobby, 1), (lobby, 99), (ConversationId("nowhere"), 1)):
            with pytest.raises(NotMember):
                chat.note_receipt(reading(conversation, MALLORY, seq))
        assert chat.receipt_log.records == []

    def test_what_is_not_confirmed_is_unavailable(self, chat: Chat, ann: UserId, lobby: ConversationId) -> None:
        with pytest.raises(Unavailable):
            replace(chat.note_receipt, log=DownLog())(reading(lobby, ann, 1))
