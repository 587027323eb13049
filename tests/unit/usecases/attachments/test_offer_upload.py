import pytest

from natter.domain.errors import NotMember
from natter.domain.ids import ConversationId
from natter.usecases.attachments.offer_upload import OfferUpload
from tests.chat import Chat
from tests.files import a_file
from tests.messages import MALLORY


def offering(chat: Chat) -> OfferUpload:
    return chat.offer_upload


class TestOfferUpload:
    def test_a_member_may_upload_what_was_announced(self, chat: Chat) -> None:
        ann = chat.person("ann")
        lobby = chat.group(ann)
        attachment, form = offering(chat)(ann, lobby, a_file(b"cat"))
        assert not chat.attachments.upload(form, b"dog")
        assert chat.attachments.upload(form, b"cat")
        assert list(chat.attachments.hold(lobby, ann, [attachment])) == []

    def test_every_attachment_is_another(self, chat: Chat) -> None:
        ann = chat.person("ann")
        lobby = chat.group(ann)
        first, second = (offering(chat)(ann, lobby, a_file(b"cat"))[0] for _ in range(2))
        assert first != second

    def test_a_stranger_cannot_tell_whether_there_is_such_a_conversation(self, chat: Chat) -> None:
        """P8."""
        ann = chat.person("ann")
        lobby = chat.group(ann)
        for user, conversation in ((MALLORY, lobby), (ann, ConversationId("nowhere"))):
            with pytest.raises(NotMember):
                offering(chat)(user, conversation, a_file(b"cat"))

    def test_who_was_removed_may_not_any_more(self, chat: Chat) -> None:
        ann, bob = chat.person("ann"), chat.person("bob")
        lobby = chat.group(ann, bob)
        chat.leave(lobby, bob)
        with pytest.raises(NotMember):
            offering(chat)(bob, lobby, a_file(b"cat"))
