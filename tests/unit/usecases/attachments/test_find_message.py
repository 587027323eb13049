from natter.domain.ids import AttachmentId, new_id
from natter.usecases.attachments.find_message import AT_ONCE, MOST, FindMessage, Found
from tests.chat import Chat
from tests.messages import a_delete, a_post, attached

CAT = AttachmentId(new_id())


class Wall:
    """A group in which Ann shows a picture as often as she is told to."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.ann = self.chat.person("ann")
        self.lobby = self.chat.group(self.ann)

    def show(self) -> int:
        """The place of one more message that shows it."""
        self.chat.say(self.lobby, self.ann, a_post(new_id(), content=attached(CAT)))
        return self.head_seq

    def delete(self, seq: int) -> None:
        self.chat.say(self.lobby, self.ann, a_delete(new_id(), seq))

    @property
    def head_seq(self) -> int:
        return self.chat.seen(self.ann, self.lobby).head.seq

    def found(self, attachment: AttachmentId = CAT, *, first: int = 1) -> Found:
        find = FindMessage(timeline=self.chat.tables)
        return find(self.lobby, attachment, first=first, head_seq=self.head_seq)


class TestFindMessage:
    def test_nothing_is_found_of_what_nobody_shows(self) -> None:
        wall = Wall()
        wall.show()
        assert wall.found(AttachmentId(new_id())) == Found(message=None, stale=[], is_all=True)

    def test_the_last_that_shows_it_is_found(self) -> None:
        wall = Wall()
        wall.show()
        last = wall.show()
        found = wall.found()
        assert found.message is not None
        assert found.message.seq == last

    def test_what_was_deleted_is_stale(self) -> None:
        wall = Wall()
        first, last = wall.show(), wall.show()
        wall.delete(last)
        found = wall.found()
        assert found.message is not None
        assert (found.message.seq, found.stale) == (first, [last])

    def test_what_is_before_the_first_place_is_not_looked_at(self) -> None:
        wall = Wall()
        shown = wall.show()
        assert wall.found(first=shown + 1).message is None

    def test_a_bounded_number_is_looked_at(self) -> None:
        """However often somebody shows a file and deletes the message."""
        wall = Wall()
        seqs = [wall.show() for _ in range(MOST + AT_ONCE)]
        for seq in seqs[1:]:
            wall.delete(seq)
        found = wall.found()
        assert (found.message, found.is_all) == (None, False)
        assert len(found.stale) == MOST
