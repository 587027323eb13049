import pytest

from natter.domain.attachments import UnsettledFiles
from natter.domain.ids import AttachmentId
from natter.records.attachments import dump_unsettled, load_unsettled
from natter.records.base import BadRecordError
from natter.usecases.messages.unsettled_files import FILES_AT_ONCE
from tests.messages import ANN, LOBBY

SQS_LIMIT_BYTES = 256 * 1024
BATCH = 10
LONGEST = 64
"""Characters of an id."""


def some(*attachments: str) -> UnsettledFiles:
    return UnsettledFiles(
        conversation_id=LOBBY, uploader=ANN, attachments=tuple(map(AttachmentId, attachments)), position=(1, 7)
    )


class TestUnsettledFiles:
    def test_come_back_as_they_were(self) -> None:
        assert load_unsettled(dump_unsettled(some("cat", "dog"))) == some("cat", "dog")

    def test_as_many_as_are_queued_at_once_fit_into_a_call(self) -> None:
        assert BATCH * len(dump_unsettled(some(*["a" * LONGEST] * FILES_AT_ONCE))) < SQS_LIMIT_BYTES

    @pytest.mark.parametrize("body", ["{", "{}", dump_unsettled(some("cat")).replace("unsettled/1", "unsettled/2")])
    def test_anything_else_is_a_bad_record(self, body: str) -> None:
        with pytest.raises(BadRecordError):
            load_unsettled(body)
