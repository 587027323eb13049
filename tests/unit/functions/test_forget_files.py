from collections.abc import Collection

from functions.forget_files.handler import build
from natter.domain.attachments import ForgottenFiles
from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId, ConversationId
from natter.records.attachments import dump_forgotten
from tests.files import a_file
from tests.memory.attachments import MemoryAttachments
from tests.messages import ANN, LOBBY
from tests.streams import a_queue_event

CAT, DOG, SLOW = map(AttachmentId, ("cat", "dog", "slow"))


class Attachments(MemoryAttachments):
    """Does not answer for what is slow."""

    def erase(self, conversation: ConversationId, attachments: Collection[AttachmentId]) -> None:
        if SLOW in attachments:
            raise Unavailable("attachments")
        super().erase(conversation, attachments)


def forgotten(*attachments: AttachmentId) -> str:
    return dump_forgotten(ForgottenFiles(conversation_id=LOBBY, attachments=attachments))


def test_files_are_removed_and_what_is_none_or_cannot_be_removed_now_is_given_back() -> None:
    attachments = Attachments()
    for each in (CAT, DOG, SLOW):
        assert attachments.upload(attachments.offer(LOBBY, ANN, each, a_file(b"meow")), b"meow")
    assert attachments.show(LOBBY, ANN, [CAT, DOG, SLOW]) == []
    event = a_queue_event(forgotten(CAT), forgotten(SLOW), "{", forgotten(CAT, AttachmentId("never")))
    answer = build(attachments)(event, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}, {"itemIdentifier": "message-2"}]}
    assert [attachments.link(LOBBY, each) is None for each in (CAT, DOG, SLOW)] == [True, False, False]
