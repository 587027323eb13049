"""What the fake cloud has of S3: a form takes exactly what was announced, a link hands it out, in parts too."""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from natter_client.errors import NotFound
from natter_client.testing.conversation import Conversation

FORM_S, LINK_S, DAY_S = 15 * 60, 5 * 60, 24 * 3600
_NAME = re.compile(rb'\bname="([^"]*)"')
_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass
class StoredFile:
    conversation_id: str
    uploader: str
    name: str
    content_type: str
    size: int
    sha256: str
    """Base64."""
    key: str
    form_until: float
    body: bytes | None = None
    uploaded_at: float = 0.0


class Files:
    def __init__(self, now: Callable[[], float]) -> None:
        """`now`: seconds since the epoch."""
        self._now = now
        self._files: dict[str, StoredFile] = {}
        self._links: dict[str, tuple[StoredFile, float]] = {}

    def announce(
        self, attachment_id: str, conversation_id: str, uploader: str, announced: Mapping[str, str | int]
    ) -> Mapping[str, str]:
        """The fields of the form."""
        file = StoredFile(
            conversation_id,
            uploader,
            *(str(announced["name"]), str(announced["content_type"]), int(announced["size"]), str(announced["sha256"])),
            key=secrets.token_urlsafe(16),
            form_until=self._now() + FORM_S,
        )
        self._files[attachment_id] = file
        return {"key": file.key, "Content-Type": file.content_type, "x-amz-checksum-sha256": file.sha256}

    def post(self, content_type: str, body: bytes) -> int:
        """A form with its file last, multipart/form-data; the status."""
        fields = _parts(content_type, body)
        key = fields.get("key", b"").decode(errors="replace")
        file = next((each for each in self._files.values() if each.key == key), None)
        if file is None or self._now() >= file.form_until or next(reversed(fields)) != "file":
            return 403
        if fields.get("Content-Type", b"").decode(errors="replace") != file.content_type:
            return 403
        found = fields["file"]
        digest = base64.b64encode(hashlib.sha256(found).digest()).decode()
        if len(found) != file.size or digest != file.sha256:
            return 400
        file.body, file.uploaded_at = found, self._now()
        return 204

    def check(self, attachment_id: str, conversation: Conversation, sender: str) -> None:
        """
        That `sender` may show it in this conversation.

        Raises:
            NotFound
        """
        file = self._files.get(attachment_id)
        is_theirs = file is not None and (file.conversation_id, file.uploader) == (conversation.conversation_id, sender)
        if not is_theirs or file is None or file.body is None or not self._is_kept(attachment_id, file, conversation):
            raise NotFound("content.attachment_id: no such upload")

    def link(self, attachment_id: str, conversation: Conversation, reader: str) -> tuple[str, StoredFile]:
        """
        A token that hands it out, and what it is.

        Raises:
            NotFound: no message that the reader may read shows it.
        """
        file = self._files.get(attachment_id)
        if file is None or not conversation.shows(attachment_id, conversation.member(reader).first_seq):
            raise NotFound("attachment_id: no such attachment")
        token = secrets.token_urlsafe(16)
        self._links[token] = file, self._now() + LINK_S
        return token, file

    def get(self, token: str, asked: str | None) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, body and headers; `asked` is the header `Range`."""
        file, until = self._links.get(token, (None, 0.0))
        if file is None or file.body is None or self._now() >= until:
            return 403, b"", {}
        headers = {
            "Content-Type": file.content_type,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        }
        start = int(found[1]) if (found := _RANGE.fullmatch(asked or "")) else 0
        if start >= file.size > 0:
            return 416, b"", {}
        if start:
            headers["Content-Range"] = f"bytes {start}-{file.size - 1}/{file.size}"
        return 206 if start else 200, file.body[start:], headers

    def _is_kept(self, attachment_id: str, file: StoredFile, conversation: Conversation) -> bool:
        return self._now() < file.uploaded_at + DAY_S or conversation.shows(attachment_id, 1)


def _parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """In their order; what is no form has none."""
    _, _, boundary = content_type.partition("boundary=")
    if not boundary:
        return {}
    fields = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        if name := _NAME.search(head):
            fields[name[1].decode(errors="replace")] = value
    return fields
