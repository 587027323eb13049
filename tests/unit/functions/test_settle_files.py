from functions.settle_files.handler import build
from natter.domain.attachments import UnsettledFiles
from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId
from natter.records.attachments import dump_unsettled
from tests.messages import ANN, LOBBY
from tests.streams import a_queue_event

CAT, SLOW = map(AttachmentId, ("cat", "slow"))


def unsettled(*attachments: AttachmentId) -> UnsettledFiles:
    return UnsettledFiles(conversation_id=LOBBY, uploader=ANN, attachments=attachments, position=(1, 7))


def test_files_are_settled_and_what_is_none_or_cannot_be_settled_now_is_given_back() -> None:
    settled: list[UnsettledFiles] = []

    def settle(files: UnsettledFiles) -> None:
        if SLOW in files.attachments:
            raise Unavailable("attachments")
        settled.append(files)

    bodies = [dump_unsettled(unsettled(CAT)), dump_unsettled(unsettled(SLOW)), "{", dump_unsettled(unsettled())]
    answer = build(settle)(a_queue_event(*bodies), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}, {"itemIdentifier": "message-2"}]}
    assert settled == [unsettled(CAT), unsettled()]
