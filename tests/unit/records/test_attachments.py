import pytest

from natter.domain.attachments import ForgottenFiles
from natter.domain.ids import AttachmentId
from natter.records.attachments import dump_forgotten, load_forgotten
from natter.records.base import BadRecordError
from natter.usecases.messages.forgotten_files import FILES_AT_ONCE
from tests.messages import LOBBY

SQS_LIMIT_BYTES = 256 * 1024
BATCH = 10
LONGEST = 64
"""Characters of an id."""


def some(*attachments: str) -> ForgottenFiles:
    return ForgottenFiles(conversation_id=LOBBY, attachments=tuple(map(AttachmentId, attachments)))


class TestForgottenFiles:
    def test_come_back_as_they_were(self) -> None:
        assert load_forgotten(dump_forgotten(some("cat", "dog"))) == some("cat", "dog")

    def test_as_many_as_are_queued_at_once_fit_into_a_call(self) -> None:
        assert BATCH * len(dump_forgotten(some(*["a" * LONGEST] * FILES_AT_ONCE))) < SQS_LIMIT_BYTES

    @pytest.mark.parametrize("body", ["{", "{}", dump_forgotten(some("cat")).replace("forgotten/1", "forgotten/2")])
    def test_anything_else_is_a_bad_record(self, body: str) -> None:
        with pytest.raises(BadRecordError):
            load_forgotten(body)
