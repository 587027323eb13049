from typing import Any

import pytest

from natter.domain.attachments import UploadForm
from natter.domain.errors import BadRequest
from natter.domain.ids import AttachmentId
from natter.wire.attachments import NewAttachmentAnswer, NewAttachmentBody
from natter.wire.base import parse
from tests.files import a_file

FILE = a_file(b"cat")
BODY = {"name": FILE.name, "content_type": FILE.content_type, "size": FILE.size, "sha256": FILE.sha256}


class TestNewAttachmentBody:
    def test_a_file(self) -> None:
        assert parse(NewAttachmentBody, BODY | {"ignored": 1}).to_file() == FILE

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": "x"},
            {"name": "\N{CAT FACE}" * 255},
            {"size": 0},
            {"size": 100 * 1024 * 1024},
            {"content_type": "video/webm;codecs=vp8"},
            {"content_type": "text/plain; charset=utf-8"},
            {"content_type": "image/svg+xml"},
            {"content_type": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        ],
        ids=str,
    )
    def test_its_limits(self, changes: dict[str, Any]) -> None:
        parse(NewAttachmentBody, BODY | changes)

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": ""},
            {"name": " "},
            {"name": "x" * 256},
            {"name": "a\nb"},
            {"size": -1},
            {"size": 100 * 1024 * 1024 + 1},
            {"size": "1"},
            {"size": 1.5},
            {"content_type": "png"},
            {"content_type": "image/png\r\nx: y"},
            {"content_type": "${filename}/x"},
            {"content_type": "a/" + "x" * 99},
            {"sha256": FILE.sha256[:-1]},
            {"sha256": FILE.sha256[:-2] + "B="},  # of no 32 bytes
            {"sha256": "x" * 64},
            {"sha256": None},
        ],
        ids=str,
    )
    def test_what_is_wrong_is_named(self, changes: dict[str, Any]) -> None:
        with pytest.raises(BadRequest, match=rf"^{next(iter(changes))}: "):
            parse(NewAttachmentBody, BODY | changes)

    @pytest.mark.parametrize("name", BODY)
    def test_all_of_it_is_needed(self, name: str) -> None:
        with pytest.raises(BadRequest, match=rf"^{name}: "):
            parse(NewAttachmentBody, {key: value for key, value in BODY.items() if key != name})


class TestNewAttachmentAnswer:
    def test_a_form(self) -> None:
        answer = NewAttachmentAnswer.of(AttachmentId("a"), UploadForm(url="https://s3", fields={"key": "k"}))
        assert answer.to_json() == b'{"attachment_id":"a","upload":{"url":"https://s3","fields":{"key":"k"}}}'
