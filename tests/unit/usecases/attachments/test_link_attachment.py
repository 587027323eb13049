import pytest

from natter.domain.errors import NotFound, NotMember
from natter.domain.ids import AttachmentId, ConversationId, UserId
from tests.chat import Chat
from tests.files import a_file
from tests.messages import MALLORY, a_command, a_post, attached


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
    ) -> str:
        return self.chat.link_attachment(reader, conversation or self.lobby, attachment or self.cat)

    def show(self) -> None:
        message = a_post("m1", content=attached(self.cat))
        self.chat.send(a_command(message, sender=self.ann, conversation=self.lobby))


@pytest.fixture
def album() -> Album:
    return Album()


class TestLinkAttachment:
    def test_members_may_download_what_a_message_shows(self, album: Album) -> None:
        album.show()
        for reader in (album.ann, album.bob):
            assert album.chat.attachments.download(album.link(reader))[1] == b"cat"

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

    @pytest.mark.parametrize("attachment", ["nothing", "..", "a b", "%00", "x" * 65, "a/b"])
    def test_what_does_not_exist_is_not_found(self, album: Album, attachment: str) -> None:
        with pytest.raises(NotFound):
            album.link(album.ann, attachment=AttachmentId(attachment))
