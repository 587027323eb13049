"""What every `Attachments` promises; S3 is LocalStack's."""

import base64
import json
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from natter.adapters.s3.attachments import UPLOAD_S, S3Attachments
from natter.domain.attachments import File, UploadForm
from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId, ConversationId, UserId, new_id
from natter.ports.attachments import Attachments
from tests.contract.s3 import REGION, S3Store, client, posted
from tests.files import a_file
from tests.memory.attachments import MemoryAttachments
from tests.messages import ANN, BOB, KITCHEN, LOBBY

NAMES = [
    "cat.png",
    "a b\"'; x=1.txt",
    "%22\\%0d",
    "\u2067\u05d0\u2069",
    "gpj.\u202eexe",
    "\u2603" * 255,
    "\U0001f431" * 255,
]
MOST_HEADERS = 10_240
"""Bytes of an answer's headers that API Gateway passes on; `Location` is one of them."""
LONGEST_SESSION_TOKEN = 2_048
"""Bytes that the link has on AWS and not here: the temporary credentials that functions sign with."""
BODY = b"\x89PNG and a cat"


class Store(Protocol):
    """A store of attachments, and what clients and the days do to it."""

    attachments: Attachments

    def upload(self, form: UploadForm, body: bytes) -> bool: ...
    def download(self, link: str) -> tuple[File, bytes]: ...
    def expire_uploads(self) -> None: ...
    def sweep(self) -> None: ...


class MemoryStore:
    def __init__(self) -> None:
        memory = MemoryAttachments()
        self.attachments: Attachments = memory
        self.upload, self.download = memory.upload, memory.download
        self.expire_uploads, self.sweep = memory.expire_uploads, memory.sweep


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.engines)])
def store(request: pytest.FixtureRequest) -> Store:
    return MemoryStore() if request.param == "memory" else request.getfixturevalue("s3")


def an_id() -> AttachmentId:
    return AttachmentId(new_id())


def an_upload(store: Store, body: bytes = BODY, *, conversation: ConversationId = LOBBY) -> AttachmentId:
    """Of Ann's."""
    attachment = an_id()
    assert store.upload(store.attachments.offer(conversation, ANN, attachment, a_file(body)), body)
    return attachment


def link(store: Store, attachment: AttachmentId) -> str:
    found = store.attachments.link(LOBBY, ANN, attachment)
    assert found is not None
    return found.url


class TestAttachmentsContract:
    @pytest.mark.parametrize("name", NAMES)
    def test_it_is_downloaded_under_its_name_held_and_kept(self, store: Store, name: str) -> None:
        attachment, file = an_id(), a_file(BODY, name=name, content_type="text/plain; charset=utf-8")
        assert store.upload(store.attachments.offer(LOBBY, ANN, attachment, file), BODY)
        for move in (store.attachments.hold, store.attachments.keep):
            assert list(move(LOBBY, ANN, [attachment])) == []
            found = store.attachments.link(LOBBY, ANN, attachment)
            assert found is not None
            assert (found.name, found.content_type, found.size) == (name, file.content_type, len(BODY))
            assert found.expires_in_s == 300
            assert len(found.url) < MOST_HEADERS - LONGEST_SESSION_TOKEN
            assert store.download(found.url) == (file, BODY)

    def test_nothing_is_a_file_too(self, store: Store) -> None:
        attachment = an_upload(store, b"")
        store.attachments.hold(LOBBY, ANN, [attachment])
        assert store.download(link(store, attachment))[1] == b""

    def test_what_is_pending_has_no_link(self, store: Store) -> None:
        attachment = an_upload(store)
        assert store.attachments.link(LOBBY, ANN, attachment) is None
        assert store.attachments.link(LOBBY, ANN, an_id()) is None

    def test_what_was_not_uploaded_is_not_there(self, store: Store) -> None:
        offered, never = an_id(), an_id()
        store.attachments.offer(LOBBY, ANN, offered, a_file(BODY))
        assert set(store.attachments.hold(LOBBY, ANN, [offered, never])) == {offered, never}
        assert set(store.attachments.keep(LOBBY, ANN, [offered, never])) == {offered, never}

    def test_what_was_not_sent_is_not_kept(self, store: Store) -> None:
        attachment = an_upload(store)
        assert list(store.attachments.keep(LOBBY, ANN, [attachment])) == [attachment]

    def test_what_is_held_outlives_its_upload_and_what_is_kept_all(self, store: Store) -> None:
        attachment = an_upload(store)
        store.attachments.hold(LOBBY, ANN, [attachment])
        store.expire_uploads()
        assert list(store.attachments.keep(LOBBY, ANN, [attachment])) == []
        store.sweep()
        assert store.download(link(store, attachment))[1] == BODY

    def test_what_is_held_alone_goes(self, store: Store) -> None:
        attachment = an_upload(store)
        store.attachments.hold(LOBBY, ANN, [attachment])
        store.sweep()
        assert store.attachments.link(LOBBY, ANN, attachment) is None
        assert list(store.attachments.hold(LOBBY, ANN, [attachment])) == [attachment]

    @pytest.mark.parametrize("kept", [False, True])
    def test_it_can_be_held_again_when_its_upload_is_gone(self, store: Store, *, kept: bool) -> None:
        """A retry; and what another message shows again, though the first is deleted then."""
        attachment = an_upload(store)
        store.attachments.hold(LOBBY, ANN, [attachment])
        if kept:
            store.attachments.keep(LOBBY, ANN, [attachment])
            store.sweep()
        store.expire_uploads()
        assert list(store.attachments.hold(LOBBY, ANN, [attachment])) == []
        store.attachments.discard(LOBBY, ANN, [attachment])
        assert list(store.attachments.keep(LOBBY, ANN, [attachment])) == []
        assert store.download(link(store, attachment)) == (a_file(BODY), BODY)

    def test_what_is_discarded_is_not_there_any_more(self, store: Store) -> None:
        gone, stays = an_upload(store), an_upload(store)
        store.attachments.hold(LOBBY, ANN, [gone, stays])
        store.attachments.keep(LOBBY, ANN, [gone, stays])
        store.sweep()
        for _ in range(2):
            store.attachments.discard(LOBBY, ANN, [gone, an_id()])
        assert store.attachments.link(LOBBY, ANN, gone) is None
        assert list(store.attachments.hold(LOBBY, ANN, [gone])) == [gone]
        assert store.attachments.link(LOBBY, ANN, stays) is not None

    def test_what_is_erased_is_not_there_wherever_it_was(self, store: Store) -> None:
        kept, held, pending, elsewhere, theirs = an_upload(store), an_upload(store), an_upload(store), an_id(), an_id()
        assert store.upload(store.attachments.offer(KITCHEN, ANN, elsewhere, a_file(BODY)), BODY)
        assert store.upload(store.attachments.offer(LOBBY, BOB, theirs, a_file(BODY)), BODY)
        store.attachments.hold(LOBBY, ANN, [kept, held])
        store.attachments.keep(LOBBY, ANN, [kept])
        for _ in range(2):
            store.attachments.erase(LOBBY, ANN)
        assert [store.attachments.link(LOBBY, ANN, each) for each in (kept, held)] == [None, None]
        assert set(store.attachments.hold(LOBBY, ANN, [kept, held, pending])) == {kept, held, pending}
        assert list(store.attachments.hold(KITCHEN, ANN, [elsewhere])) == []
        assert list(store.attachments.hold(LOBBY, BOB, [theirs])) == []

    @pytest.mark.parametrize("body", [BODY[:-1], BODY + b"!", BODY[:-1] + b"T", b""])
    def test_anything_else_than_was_announced_is_refused(self, store: Store, body: bytes) -> None:
        attachment = an_id()
        assert not store.upload(store.attachments.offer(LOBBY, ANN, attachment, a_file(BODY)), body)
        assert list(store.attachments.hold(LOBBY, ANN, [attachment])) == [attachment]

    @pytest.mark.parametrize(("conversation", "user"), [(KITCHEN, ANN), (LOBBY, BOB)])
    def test_it_is_of_its_conversation_and_of_who_uploaded_it_alone(
        self, store: Store, conversation: ConversationId, user: UserId
    ) -> None:
        """P8."""
        attachment = an_upload(store)
        assert list(store.attachments.hold(conversation, user, [attachment])) == [attachment]
        store.attachments.hold(LOBBY, ANN, [attachment])
        assert list(store.attachments.hold(conversation, user, [attachment])) == [attachment]
        store.attachments.keep(LOBBY, ANN, [attachment])
        assert list(store.attachments.hold(conversation, user, [attachment])) == [attachment]
        assert store.attachments.link(conversation, user, attachment) is None

    def test_uploading_again_does_no_harm(self, store: Store) -> None:
        """As after an answer that was lost; the form is still good when the message is there already."""
        attachment = an_id()
        form = store.attachments.offer(LOBBY, ANN, attachment, a_file(BODY))
        assert store.upload(form, BODY)
        store.attachments.hold(LOBBY, ANN, [attachment])
        store.attachments.keep(LOBBY, ANN, [attachment])
        assert store.upload(form, BODY)
        store.sweep()
        assert store.download(link(store, attachment))[1] == BODY

    def test_a_whole_frame_of_them(self, store: Store) -> None:
        uploads = [an_upload(store, f"{number}".encode()) for number in range(20)]
        missing = an_id()
        for move in (store.attachments.hold, store.attachments.keep):
            assert list(move(LOBBY, ANN, [*uploads, missing])) == [missing]
        store.sweep()
        assert [store.download(link(store, each))[1] for each in uploads] == [f"{n}".encode() for n in range(20)]


@pytest.mark.engines
class TestS3Attachments:
    @pytest.mark.parametrize(
        "changes",
        [
            {"key": "held/lobby/ann/a"},
            {"key": "shown/lobby/ann/a"},
            {"key": "pending/kitchen/ann/a"},
            {"key": "pending/lobby/bob/a"},
            {"Content-Type": "text/html"},
            {"x-amz-meta-name": base64.b64encode(b"dog.png").decode()},
            {"x-amz-checksum-algorithm": "CRC32"},
            {"x-amz-checksum-sha256": a_file(b"else").sha256},
        ],
        ids=str,
    )
    def test_a_form_is_good_for_nothing_else(self, s3: S3Store, changes: Mapping[str, str]) -> None:
        form = s3.attachments.offer(LOBBY, ANN, AttachmentId("a"), a_file(BODY))
        assert posted(form, BODY, changes) == 403
        assert s3.client.list_objects_v2(Bucket=s3.bucket)["KeyCount"] == 0

    def test_a_form_fixes_every_field_and_ends_soon(self, s3: S3Store) -> None:
        """S3 refuses fields that the policy does not name; LocalStack takes them."""
        form = s3.attachments.offer(LOBBY, ANN, AttachmentId("a"), a_file(BODY))
        policy = json.loads(base64.b64decode(form.fields["policy"]))
        exact = {name: value for each in policy["conditions"] if isinstance(each, dict) for name, value in each.items()}
        assert exact.pop("bucket") == s3.bucket
        assert exact == {name: form.fields[name] for name in form.fields.keys() - {"policy", "x-amz-signature"}}
        assert ["content-length-range", len(BODY), len(BODY)] in policy["conditions"]
        assert UPLOAD_S <= 15 * 60
        assert form.fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"

    def test_the_longest_name_fits_into_what_s3_keeps_about_an_object(self) -> None:
        """2 KB of names and values (user guide of S3, "Working with object metadata")."""
        file = a_file(BODY, name="\U0001f431" * 255)
        fields = S3Attachments(client, "files").offer(LOBBY, UserId("u" * 64), AttachmentId("a"), file).fields
        kept = [name.removeprefix("x-amz-meta-") + fields[name] for name in fields if name.startswith("x-amz-meta-")]
        assert len(kept) == 1
        assert sum(map(len, kept)) <= 2048

    def test_forms_and_links_lead_to_the_bucket_of_the_region(self) -> None:
        """Not to the global endpoint, which answers with a redirect that browsers do not follow with a file."""
        s3 = S3Attachments(client, "files")
        form = s3.offer(LOBBY, ANN, AttachmentId("a"), a_file(BODY))
        assert urlsplit(form.url).netloc == f"files.s3.{REGION}.amazonaws.com"

    def test_an_outage_is_no_answer(self) -> None:
        """P9."""
        s3 = S3Attachments(lambda: client("http://127.0.0.1:1"), "files")
        with pytest.raises(Unavailable):
            s3.hold(LOBBY, ANN, [AttachmentId("a")])
        with pytest.raises(Unavailable):
            s3.keep(LOBBY, ANN, [AttachmentId("a")])
        with pytest.raises(Unavailable):
            s3.link(LOBBY, ANN, AttachmentId("a"))

    def test_what_it_may_not_do_is_no_answer_about_the_file(self, s3: S3Store) -> None:
        """A bucket that is gone, or a grant that is missing, is not the client's mistake."""
        elsewhere = S3Attachments(lambda: s3.client, "no-such-bucket")
        with pytest.raises(Unavailable):
            elsewhere.hold(LOBBY, ANN, [AttachmentId("a")])
