from collections.abc import Mapping

import pytest

from natter.entrypoints.answers import Answer
from natter.entrypoints.http import HttpApi
from natter.entrypoints.request import Request
from natter.wire.base import WireModel
from tests.http import HttpClient, Reply
from tests.identity import World


class Thing(WireModel):
    name: str


class Shelf:
    """An API of one thing, which may be read and changed."""

    def __init__(self) -> None:
        world = World()
        api = HttpApi(authenticate=world.authenticate, limits=world.limits, edge=None)
        self.thing = Thing(name="first")
        self.status: int | None = None

        @api.get("/thing", open_=True)
        def read(_: Request) -> Answer[Thing]:
            return Answer(body=self.thing, status=self.status)

        @api.post("/thing", open_=True)
        def touch(_: Request) -> Thing:
            return self.thing

        self.call = HttpClient(api)

    def read(self, known: str | None = None) -> Reply:
        headers: Mapping[str, str] = {} if known is None else {"if-none-match": known}
        return self.call("GET", "/thing", headers=headers)


class TestRead:
    def test_may_be_kept_and_asked_for_again(self) -> None:
        reply = Shelf().read()
        assert reply.headers["Cache-Control"] == "private, no-cache"
        assert reply.headers["ETag"].startswith('"')

    @pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
    def test_is_not_sent_to_who_has_it(self, form: str) -> None:
        shelf = Shelf()
        etag = shelf.read().headers["ETag"]
        reply = shelf.read(form.format(etag))
        assert (reply.status, reply.text, reply.headers["ETag"]) == (304, "", etag)
        assert reply.headers["Cache-Control"] == "private, no-cache"
        assert "Content-Type" not in reply.headers

    def test_is_sent_once_it_has_changed(self) -> None:
        shelf = Shelf()
        etag = shelf.read().headers["ETag"]
        shelf.thing = Thing(name="second")
        reply = shelf.read(etag)
        assert (reply.status, reply.json) == (200, {"name": "second"})
        assert reply.headers["ETag"] != etag

    @pytest.mark.parametrize("known", ["", "nonsense", '"other"'])
    def test_is_sent_to_who_has_something_else(self, known: str) -> None:
        assert Shelf().read(known).status == 200

    def test_is_not_kept_when_it_is_no_success(self) -> None:
        shelf = Shelf()
        shelf.status = 503
        reply = shelf.read("*")
        assert (reply.status, reply.headers["Cache-Control"]) == (503, "no-store")
        assert "ETag" not in reply.headers


def test_what_was_done_is_not_kept() -> None:
    reply = Shelf().call("POST", "/thing", headers={"if-none-match": "*"})
    assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-store")
    assert "ETag" not in reply.headers
