import pytest

from natter.domain.conversations.records import CreateRequest
from natter.domain.errors import Forbidden, NotMember
from natter.domain.ids import ConversationId, UserId
from natter.domain.receipts import MAX_READERS_SHOWN, Progress, Receipt, ReceiptRecord
from tests.chat import Chat
from tests.messages import MALLORY, NOON, a_post


def receive(chat: Chat, conversation: ConversationId, user: UserId, *, read: int = 0, delivered: int = 0) -> None:
    receipt = Receipt(conversation_id=conversation, user_id=user, read_seq=read, delivered_seq=delivered)
    chat.fold_receipts([ReceiptRecord(receipt=receipt, at=NOON)])


def cursors(chat: Chat, reader: UserId, conversation: ConversationId) -> dict[UserId, tuple[int | None, int | None]]:
    return {each.user_id: (each.read_seq, each.delivered_seq) for each in chat.read_cursors(reader, conversation)}


class TestReadCursors:
    def test_they_are_those_of_all_members(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        lobby = chat.group(ann, bob)
        chat.say(lobby, ann, *(a_post(f"m{number}") for number in range(4)))
        receive(chat, lobby, bob, read=3)
        receive(chat, lobby, bob, delivered=4)
        assert list(chat.read_cursors(bob, lobby)) == [
            Progress(user_id=ann, read_seq=5, delivered_seq=5),
            Progress(user_id=bob, read_seq=3, delivered_seq=4),
        ]

    def test_a_founder_starts_at_one_and_a_later_member_where_they_joined(
        self, chat: Chat, ann: UserId, bob: UserId
    ) -> None:
        lobby, cid = chat.group(ann, bob, history="all"), chat.person("cid")
        chat.say(lobby, ann, a_post("m1"))
        chat.join(lobby, cid)
        assert cursors(chat, cid, lobby) == {ann: (2, 2), bob: (1, 1), cid: (3, 3)}
        receive(chat, lobby, cid, read=1)
        assert cursors(chat, cid, lobby)[cid] == (3, 3)

    @pytest.mark.parametrize("mine", [True, False])
    def test_those_across_a_block_are_left_out(self, chat: Chat, ann: UserId, bob: UserId, mine: bool) -> None:
        """In a group, and in the direct conversation of the two."""
        cid = chat.person("cid")
        lobby = chat.group(ann, bob, cid)
        direct = chat.create(CreateRequest(creator=ann, kind="direct", members=(bob,)))[0].record.conversation_id
        chat.world.blocks.add(*((ann, bob) if mine else (bob, ann)), at=NOON)
        assert cursors(chat, ann, lobby).keys() == {ann, cid}
        assert cursors(chat, bob, lobby).keys() == {bob, cid}
        assert cursors(chat, cid, lobby).keys() == {ann, bob, cid}
        assert cursors(chat, ann, direct).keys() == {ann}
        assert cursors(chat, bob, direct).keys() == {bob}

    def test_before_anything_is_folded_all_start_at_one(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        view, _ = chat.create(CreateRequest(creator=ann, kind="direct", members=(bob,)))
        assert cursors(chat, bob, view.record.conversation_id) == {ann: (1, 1), bob: (1, 1)}

    def test_who_has_left_is_not_among_them(self, chat: Chat, ann: UserId, bob: UserId) -> None:
        lobby = chat.group(ann, bob)
        receive(chat, lobby, bob, read=1)
        chat.leave(lobby, bob)
        assert list(cursors(chat, ann, lobby)) == [ann]
        with pytest.raises(NotMember):
            chat.read_cursors(bob, lobby)

    def test_strangers_learn_nothing(self, chat: Chat, ann: UserId) -> None:
        """P8."""
        for conversation in (chat.group(ann), ConversationId("nowhere")):
            with pytest.raises(NotMember):
                chat.read_cursors(MALLORY, conversation)

    def test_larger_conversations_do_not_show_who_has_read(self, chat: Chat, ann: UserId) -> None:
        others = [chat.person(f"user{number}") for number in range(MAX_READERS_SHOWN)]
        assert len(cursors(chat, ann, chat.group(ann, *others[1:]))) == MAX_READERS_SHOWN
        large = chat.group(ann, *others)
        with pytest.raises(Forbidden):
            chat.read_cursors(ann, large)
        with pytest.raises(NotMember):
            chat.read_cursors(MALLORY, large)
