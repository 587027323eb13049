import pytest

from natter.domain.conversations.members import Membership
from natter.domain.conversations.records import ConversationRecord
from natter.domain.reading.views import ConversationView, unread
from natter.domain.receipts import Cursor
from tests.messages import ANN, LOBBY, NOON, a_head


class TestUnread:
    @pytest.mark.parametrize(
        ("cursor", "count"),
        [
            (Cursor(), 7),
            (Cursor(read_messages=5), 5),
            (Cursor(sent_messages=6), 4),
            (Cursor(read_messages=6, sent_messages=8), 2),
            (Cursor(read_messages=2, sent_messages=1), 7),
            (Cursor(sent_messages=11), 0),
        ],
    )
    def test_is_the_difference_to_the_furthest_of_all(self, cursor: Cursor, count: int) -> None:
        """Of a cursor that is ahead of the head (a fold that did not finish), nothing is unread."""
        membership = Membership(role="member", joined_seq=4, joined_messages=3)
        assert unread(a_head(12, messages=10), cursor, membership) == count


class TestConversationView:
    def test_of_a_new_conversation_there_is_nothing_to_read_yet(self) -> None:
        """P8: whatever others have said in it before the fold reaches the joining."""
        record = ConversationRecord(
            conversation_id=LOBBY,
            kind="group",
            title="Lobby",
            avatar=None,
            history="joined",
            created_by=ANN,
            created_at=NOON,
            member_count=1,
            role="owner",
            muted_until=None,
            archived=False,
            peer=None,
            peer_name=None,
        )
        view = ConversationView.of_new(record)
        assert (view.head.seq, view.head.at, view.head.preview) == (0, NOON, None)
        assert (view.first_seq, view.read_seq, view.unread) == (1, 1, 0)
