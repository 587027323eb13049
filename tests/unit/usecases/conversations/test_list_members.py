import pytest

from natter.domain.errors import BadRequest, NotMember
from natter.domain.ids import ConversationId, UserId
from natter.domain.paging import encode_cursor
from tests.chat import Chat


@pytest.fixture
def people(chat: Chat) -> list[UserId]:
    return [chat.person(f"user.{number}") for number in range(5)]


@pytest.fixture
def lobby(chat: Chat, people: list[UserId]) -> ConversationId:
    return chat.group(*people)


class TestListMembers:
    def test_page_by_page_until_there_are_no_more(
        self, chat: Chat, lobby: ConversationId, people: list[UserId]
    ) -> None:
        found, cursor, sizes = [], None, []
        while True:
            page = chat.members.list(people[1], lobby, limit=2, cursor=cursor)
            found += [each.user_id for each in page.items]
            sizes.append(len(page.items))
            cursor = page.next_cursor
            if cursor is None:
                break
        assert (found, sizes) == (sorted(people), [2, 2, 1])

    def test_a_full_last_page_says_that_it_is_the_last(
        self, chat: Chat, lobby: ConversationId, people: list[UserId]
    ) -> None:
        page = chat.members.list(people[0], lobby, limit=5, cursor=None)
        assert (len(page.items), page.next_cursor) == (5, None)

    def test_who_leaves_meanwhile_does_not_hide_anybody(
        self, chat: Chat, lobby: ConversationId, people: list[UserId]
    ) -> None:
        first = chat.members.list(people[0], lobby, limit=2, cursor=None)
        gone = next(each.user_id for each in first.items if each.user_id != people[0])
        chat.leave(lobby, gone)
        rest = chat.members.list(people[0], lobby, limit=5, cursor=first.next_cursor)
        assert [each.user_id for each in rest.items] == sorted(people)[2:]

    @pytest.mark.parametrize("cursor", ["x", "", encode_cursor(5), encode_cursor("a b"), encode_cursor("a", "b")])
    def test_a_cursor_must_be_one_of_ours(
        self, chat: Chat, lobby: ConversationId, people: list[UserId], cursor: str
    ) -> None:
        with pytest.raises(BadRequest, match=r"^cursor: "):
            chat.members.list(people[0], lobby, limit=5, cursor=cursor)

    def test_a_stranger_cannot_tell_whether_there_is_such_a_conversation(
        self, chat: Chat, lobby: ConversationId
    ) -> None:
        """P8."""
        eve = chat.person("eve")
        for conversation in (lobby, ConversationId("nowhere")):
            with pytest.raises(NotMember):
                chat.members.list(eve, conversation, limit=5, cursor=None)
