from typing import Any

import pytest

from natter.domain.errors import (
    BadRequest,
    Conflict,
    Internal,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from natter.entrypoints.answers import Answer
from natter.entrypoints.request import Request
from natter.entrypoints.routes import Handler, Route
from natter.wire.base import WireModel


class Thing(WireModel):
    name: str


def declared(handler: Handler, *, path: str = "/things", **fields: Any) -> Route:
    return Route.of("POST", path, handler, **{"open": True, "status": 200, "also": (), "raises": (), **fields})


def nothing(_: Request) -> None:
    return


def put(_: Request, body: Thing) -> Thing:
    return body


def find(_: Request, query: Thing) -> Answer[Thing]:
    return Answer(body=query)


def move(_: Request) -> Answer[None]:
    return Answer(body=None, status=302)


def lost(_: Request, flavour: Thing) -> None:
    assert flavour


class TestRoute:
    def test_knows_what_its_handler_reads_and_answers(self) -> None:
        routes = [declared(nothing), declared(put), declared(find), declared(move)]
        known = [(route.body, route.query, route.answer) for route in routes]
        assert known == [(None, None, None), (Thing, None, Thing), (None, Thing, Thing), (None, None, None)]

    def test_a_parameter_that_nothing_fills_is_a_mistake(self) -> None:
        with pytest.raises(TypeError, match="lost: nothing fills flavour"):
            declared(lost)

    def test_knows_what_it_may_refuse_with(self) -> None:
        always = {Unavailable, Internal}
        assert set(declared(nothing).errors) == always
        assert set(declared(nothing, open=False).errors) == always | {Unauthenticated, RateLimited}
        assert set(declared(nothing, path="/things/<name>").errors) == always | {NotFound}
        assert set(declared(put).errors) == always | {BadRequest, TooLarge}
        assert set(declared(find, raises=(Conflict,)).errors) == always | {BadRequest, Conflict}
