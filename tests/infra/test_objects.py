"""
Which objects of S3 a function may do what to: the prefixes that its methods of the two adapters use, which are called
here in turn, whether what they look for is there or not.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from natter import names
from natter.adapters.s3.archives import S3Archives
from natter.adapters.s3.attachments import S3Attachments
from natter.domain.attachments import File
from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId, ConversationId, UserId
from tests.infra.aws_calls import methods_of
from tests.infra.rights import ACTIONS
from tests.infra.templates import Templates
from tests.infra.test_services import MODELS
from tests.infra.wiring import assembled

PREFIXES = (names.PENDING_UPLOADS, names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS, names.EXPORTS)
FILE = File(content_type="text/plain", size=1, sha256="x", name="a.txt")
OF = (ConversationId("c"), UserId("u"))
SOME = (*OF, [AttachmentId("a")])
CALLS: Mapping[type, Mapping[str, Callable[[Any], object]]] = {
    S3Attachments: {
        "offer": lambda of: of.offer(*OF, AttachmentId("a"), FILE),
        "hold": lambda of: of.hold(*SOME),
        "keep": lambda of: of.keep(*SOME),
        "discard": lambda of: of.discard(*SOME),
        "erase": lambda of: of.erase(*OF),
        "link": lambda of: of.link(*OF, AttachmentId("a")),
    },
    S3Archives: {
        "store": lambda of: of._bucket.client.upload_fileobj(None, "bucket", f"{names.EXPORTS}u/e.zip"),
        "link": lambda of: of.link(UserId("u"), "e"),
        "erase": lambda of: of.erase(UserId("u")),
    },
}
"""Of `store` only what it does in the end: what it keeps has to be written first."""

type Rights = set[tuple[str, str]]
"""Actions, and prefixes of the objects."""


class Recorder:
    """A client of S3 in which only objects with some prefixes are; it puts down what is asked of it."""

    def __init__(self, there: str) -> None:
        self._there = there
        self.rights: Rights = set()

    def _note(self, operation: str, key: str, *, looks: bool = False) -> None:
        (prefix,) = [each for each in PREFIXES if key.startswith(each)]
        reads = operation in {"head_object", "copy_object"}
        for action in ACTIONS["s3", operation]:
            if not reads or action != "s3:PutObject":
                self.rights.add((action.removeprefix("s3:"), prefix))
        if looks and not key.startswith(self._there):
            raise ClientError({"Error": {"Code": "404"}}, operation)

    def head_object(self, *, Key: str, **_: Any) -> Mapping[str, Any]:  # noqa: N803 - AWS's spelling, so below
        self._note("head_object", Key, looks=True)
        return {"Metadata": {"name": ""}, "ContentType": "", "ContentLength": 1}

    def copy_object(self, *, CopySource: Mapping[str, str], Key: str, **_: Any) -> None:  # noqa: N803
        (target,) = [each for each in PREFIXES if Key.startswith(each)]
        self.rights.add(("PutObject", target))
        self._note("copy_object", CopySource["Key"], looks=True)

    def delete_object(self, *, Key: str, **_: Any) -> None:  # noqa: N803
        self._note("delete_object", Key)

    def delete_objects(self, *, Delete: Mapping[str, Any], **_: Any) -> Mapping[str, Any]:  # noqa: N803
        for each in Delete["Objects"]:
            self._note("delete_objects", each["Key"])
        return {}

    def list_objects_v2(self, *, Prefix: str, **_: Any) -> Mapping[str, Any]:  # noqa: N803
        self._note("list_objects_v2", Prefix)
        return {"Contents": [{"Key": f"{Prefix}x"}]}

    def get_paginator(self, _: str) -> "Recorder":
        return self

    def paginate(self, **of: Any) -> Iterator[Mapping[str, Any]]:
        yield self.list_objects_v2(**of)

    def generate_presigned_post(self, *, Key: str, **_: Any) -> Mapping[str, Any]:  # noqa: N803
        self._note("generate_presigned_post", Key)
        return {"url": "", "fields": {}}

    def generate_presigned_url(self, operation: str, *, Params: Mapping[str, str], **_: Any) -> str:  # noqa: N803
        self._note(operation, Params["Key"])
        return ""

    def upload_fileobj(self, _file: Any, _bucket: str, key: str) -> None:
        self._note("upload_fileobj", key)


def used(kind: type[S3Attachments | S3Archives], method: str) -> Rights:
    rights: Rights = set()
    for there in (*PREFIXES, "nowhere"):
        client = Recorder(there)
        try:
            CALLS[kind][method](kind(lambda client=client: cast("Any", client), "bucket"))  # type: ignore[misc]
        except Unavailable:
            pytest.fail(f"{method} could not do its work")
        rights |= client.rights
    return rights


def granted(app: Templates, function: str) -> Rights:
    rights: Rights = set()
    for statement in app.statements(function):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        condition = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", [])
        objects = re.findall(r'"/?(\w+/)\*"', str([statement["Resource"], condition]).replace("'", '"'))
        rights |= {(each.removeprefix("s3:"), of) for each in actions if each.startswith("s3:") for of in objects}
    return rights


@pytest.mark.parametrize("name", MODELS)
def test_a_function_may_do_to_objects_what_it_does(prod: Templates, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handler, _ = assembled(name, prod.functions()[name]["Environment"]["Variables"], monkeypatch)
    rights: Rights = set()
    for kind in (S3Attachments, S3Archives):
        for method in methods_of(handler, kind) & CALLS[kind].keys():
            rights |= used(kind, method)
    assert granted(prod, name) == rights


@pytest.mark.parametrize("kind", CALLS)
def test_all_methods_are_called(kind: type) -> None:
    assert {name for name in vars(kind) if not name.startswith("_")} == CALLS[kind].keys()


def test_a_file_that_is_sent_again_is_looked_for_where_it_may_be() -> None:
    """Wherever it is, it ends where it is held."""
    held = used(S3Attachments, "hold")
    assert {prefix for action, prefix in held if action == "GetObject"} == set(PREFIXES) - {names.EXPORTS}
    assert {prefix for action, prefix in held if action == "PutObject"} == {names.HELD_ATTACHMENTS}
