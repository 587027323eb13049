import pytest

from natter.domain.attachments import attachment_of
from natter.domain.ids import AttachmentId
from tests.messages import an_event, attached, text

CAT = AttachmentId("cat")


class TestAttachmentOf:
    @pytest.mark.parametrize("type_", ["message", "edit"])
    def test_is_the_file_that_an_event_shows(self, type_: str) -> None:
        assert attachment_of(an_event(1, type=type_, payload={"content": attached(CAT, text="my cat")})) == CAT

    @pytest.mark.parametrize(
        "payload",
        [{"content": text("cat")}, {"content": {**text("cat"), "attachment_id": CAT}}, {"deleted_at": 1}, {}],
    )
    def test_anything_else_shows_none(self, payload: dict[str, object]) -> None:
        assert attachment_of(an_event(1, payload=payload)) is None
