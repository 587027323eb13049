import pytest

from natter.domain.attachments import Download
from natter.domain.errors import NotFound, NotMember, Unavailable
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.commands import Item
from natter.usecases.attachments.find_message import MOST
from tests.chat import Chat
from tests.files import a_file
from tests.messages import MALLORY, a_command, a_delete, a_post, an_edit, attached


class Album:
    """A group of Ann and Bob in which Ann has uploaded a picture of a cat."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.ann, self.bob = self.chat.person("ann"), self.chat.person("bob")
        self.lobby = self.chat.group(self.ann, self.bob)
        self.cat, form = self.chat.offer_upload(self.ann, self.lobby, a_file(b"cat"))
        self.chat.attachments.upload(form, b"cat")

    def link(
        self, reader: UserId, *, conversation: ConversationId | None = None, attachment: AttachmentId | None = None
    ) -> Download:
        return self.chat.link_attachment(reader, conversation or self.lobby, attachment or self.cat)

    def send(self, *items: Item, sender: UserId | None = None) -> None:
        for item in items:
            self.chat.send(a_command(item, sender=sender or self.ann, conversation=self.lobby))
        self.chat.fold()

    def show(self, client_id: str = "m1") -> int:
        """The place of a message that shows it."""
        self.send(a_post(client_id, content=attached(self.cat)))
        return self.chat.seen(self.ann, self.lobby).head.seq

    def upload(self) -> AttachmentId:
        """Another picture of Ann's."""
        attachment, form = self.chat.offer_upload(self.ann, self.lobby, a_file(b"dog"))
        self.chat.attachments.upload(form, b"dog")
        return attachment

    def is_shown(self, attachment: AttachmentId | None = None) -> bool:
        """To Bob."""
        try:
            return bool(self.link(self.bob, attachment=attachment))
        except NotFound:
            return False


@pytest.fixture
def album() -> Album:
    return Album()


class TestLinkAttachment:
    def test_members_may_download_what_a_message_shows(self, album: Album) -> None:
        album.show()
        for reader in (album.ann, album.bob):
            assert album.chat.attachments.download(album.link(reader).url)[1] == b"cat"

    def test_nobody_may_before(self, album: Album) -> None:
        with pytest.raises(NotFound):
            album.link(album.ann)

    def test_strangers_may_not(self, album: Album) -> None:
        """P8."""
        album.show()
        with pytest.raises(NotMember):
            album.link(MALLORY)
        with pytest.raises(NotMember):
            album.link(album.ann, conversation=ConversationId("nowhere"))

    def test_who_was_removed_may_not_any_more(self, album: Album) -> None:
        """P8."""
        album.show()
        album.chat.leave(album.lobby, album.bob)
        with pytest.raises(NotMember):
            album.link(album.bob)

    def test_it_is_not_there_in_another_conversation(self, album: Album) -> None:
        album.show()
        kitchen = album.chat.group(album.ann)
        with pytest.raises(NotFound):
            album.link(album.ann, conversation=kitchen)

    def test_nobody_may_while_it_is_only_sent(self, album: Album) -> None:
        album.chat.send(
            a_command(a_post("m1", content=attached(album.cat)), sender=album.ann, conversation=album.lobby)
        )
        assert not album.is_shown()

    def test_members_may_before_and_after_it_is_settled(self, album: Album) -> None:
        album.show()
        assert album.is_shown()
        album.chat.settle()
        album.chat.attachments.sweep()
        assert album.is_shown()

    def test_nobody_may_once_the_message_is_deleted_whoever_repeats_it(self, album: Album) -> None:
        seq = album.show()
        album.send(a_delete("d1", seq))
        assert not album.is_shown()
        album.show()
        assert not album.is_shown()
        album.chat.settle()
        album.show()
        assert not album.is_shown()

    def test_a_refused_edit_shows_nothing(self, album: Album) -> None:
        album.send(a_post("hello"), sender=album.bob)
        seq = album.chat.seen(album.ann, album.lobby).head.seq
        album.send(an_edit("e1", seq, content=attached(album.cat)))
        assert not album.is_shown()

    def test_what_an_edit_replaces_is_shown_no_more_until_another_brings_it_back(self, album: Album) -> None:
        dog = album.upload()
        seq = album.show()
        album.send(an_edit("e1", seq, content=attached(dog)))
        assert (album.is_shown(), album.is_shown(dog)) == (False, True)
        album.chat.settle()
        album.send(an_edit("e2", seq, content=attached(album.cat)))
        album.chat.settle()
        assert (album.is_shown(), album.is_shown(dog)) == (True, False)

    def test_it_is_there_as_long_as_one_of_several_messages_shows_it(self, album: Album) -> None:
        first, second = album.show("m1"), album.show("m2")
        album.send(a_delete("d2", second))
        assert album.is_shown()
        album.send(a_delete("d1", first))
        assert not album.is_shown()

    def test_who_came_later_may_not_download_what_came_before(self, album: Album) -> None:
        """P8."""
        album.show()
        album.chat.leave(album.lobby, album.bob)
        album.chat.join(album.lobby, album.bob)
        assert not album.is_shown()
        album.show("m2")
        assert album.is_shown()

    def test_more_that_show_it_no_longer_than_are_looked_at_is_no_answer(self, album: Album) -> None:
        """It is for as long as they have not been settled."""
        first = album.show("m1")
        for number in range(MOST):
            album.chat.say(album.lobby, album.ann, a_post(f"n{number}", content=attached(album.cat)))
        for seq in range(first + 1, first + MOST + 1):
            album.chat.say(album.lobby, album.ann, a_delete(f"d{seq}", seq))
        with pytest.raises(Unavailable):
            album.is_shown()
        for files in album.chat.files.unsettled:
            try:
                album.chat.settle_files(files)
                break
            except Unavailable:
                continue
        assert album.is_shown()

    @pytest.mark.parametrize("attachment", ["nothing", "..", "a b", "%00", "x" * 65, "a/b"])
    def test_what_does_not_exist_is_not_found(self, album: Album, attachment: str) -> None:
        with pytest.raises(NotFound):
            album.link(album.ann, attachment=AttachmentId(attachment))
