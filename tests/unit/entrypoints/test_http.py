import base64
import json
import logging
from typing import Annotated, Any

import pytest
from pydantic import Field

from natter.domain import errors
from natter.domain.errors import NatterError, NotMember, RateLimited, Unavailable
from natter.entrypoints.answers import Answer
from natter.entrypoints.http import HttpApi
from natter.entrypoints.request import Request
from natter.names import BODY_LIMIT_BYTES
from natter.wire.base import FROM_DIGITS, WireModel
from tests.http import HttpClient
from tests.identity import World, a_sign_in
from tests.measuring import Measured
from tests.messages import NOON


class Inner(WireModel):
    number: int = Field(ge=1)


class Thing(WireModel):
    name: str
    inner: Inner | None = None


class Paging(WireModel):
    limit: Annotated[int, Field(ge=1, le=200), FROM_DIGITS] = 50


def an_api(world: World) -> HttpApi:
    return HttpApi(authenticate=world.authenticate, limits=world.limits, edge=None)


def echo(world: World) -> HttpClient:
    """A client of an API that answers with what it was sent."""
    api = an_api(world)

    @api.post("/things", open_=True, status=201)
    def post(_: Request, body: Thing) -> Thing:
        return body

    @api.get("/things", open_=True)
    def get(_: Request, query: Paging) -> Paging:
        return query

    @api.get("/things/<name>", open_=True)
    def read(request: Request) -> Thing:
        return Thing(name=request.path["name"])

    return HttpClient(api)


def failing(error: Exception) -> HttpClient:
    api = an_api(World())

    @api.get("/", open_=True)
    def fail(_: Request) -> None:
        raise error

    return HttpClient(api)


def every_error() -> list[type[NatterError]]:
    return [each for each in vars(errors).values() if isinstance(each, type) and NatterError in each.__bases__]


class TestAnswers:
    def test_json_is_utf8_and_leaves_out_what_is_not_set(self) -> None:
        reply = echo(World())("POST", "/things", {"name": "Zoë \N{SNOWMAN}", "more": 1})
        assert reply.status == 201
        assert reply.text == '{"name":"Zoë \N{SNOWMAN}"}'
        assert reply.headers["Content-Type"] == "application/json"

    def test_a_handler_may_choose_status_and_headers(self) -> None:
        api = an_api(World())

        @api.get("/", open_=True)
        def move(_: Request) -> Answer[None]:
            return Answer(body=None, status=302, headers={"Location": "https://else.where"})

        reply = HttpClient(api)("GET", "/")
        assert (reply.status, reply.headers["Location"], reply.text) == (302, "https://else.where", "")

    def test_nothing_to_say(self) -> None:
        api = an_api(World())

        @api.delete("/things", open_=True)
        def remove(_: Request) -> None:
            return

        reply = HttpClient(api)("DELETE", "/things")
        assert (reply.status, reply.text) == (204, "")

    def test_a_variable_of_the_path(self) -> None:
        assert echo(World())("GET", "/things/a-b_c.1").json == {"name": "a-b_c.1"}


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "detail"),
        [
            ("{", "the body is not valid JSON"),
            ("", "the body is not valid JSON"),
            ('{"name": "\\ud800"}', "the body is not valid JSON"),
            ('{"name": "\ud800"}', "the body is not valid JSON"),
            ('{"name": NaN}', "the body is not valid JSON"),
            ("[" * 100_000, "the body is not valid JSON"),
            ('{"a":' * 5000 + "1" + "}" * 5000, "the body is not valid JSON"),
            ("null", "Input should be"),
            ("[]", "Input should be"),
            ("{}", "name: Field required"),
            ('{"name": 1}', "name: Input should be a valid string"),
            ('{"name": "x", "inner": {"number": "1"}}', "inner.number: Input should be a valid integer"),
            ('{"name": "x", "inner": {"number": 0}}', "inner.number: Input should be greater"),
            ('{"name": "x", "inner": {"number": ' + "9" * 5000 + "}}", ""),
        ],
    )
    def test_what_is_wrong_is_named_and_never_a_fault_of_ours(self, body: str, detail: str) -> None:
        reply = echo(World())("POST", "/things", body)
        assert (reply.status, reply.code) == (400, "bad_request")
        assert reply.json["detail"].startswith(detail)

    def test_no_body_at_all(self) -> None:
        assert echo(World())("POST", "/things").code == "bad_request"

    def test_a_body_may_have_a_mebibyte(self) -> None:
        body = '{"name": "x"}'
        client = echo(World())
        assert client("POST", "/things", body.ljust(BODY_LIMIT_BYTES)).status == 201
        reply = client("POST", "/things", body.ljust(BODY_LIMIT_BYTES + 1))
        assert (reply.status, reply.code) == (413, "too_large")

    def test_base64(self) -> None:
        """The gateway sends what it does not take for text so."""
        body = base64.b64encode('{"name": "Zoë"}'.encode()).decode()
        assert echo(World())("POST", "/things", body, isBase64Encoded=True).json == {"name": "Zoë"}

    @pytest.mark.parametrize("body", ["not base64!", base64.b64encode(b"\xff\xfe").decode()])
    def test_bad_base64_or_bytes(self, body: str) -> None:
        assert echo(World())("POST", "/things", body, isBase64Encoded=True).code == "bad_request"


class TestQueries:
    def test_numbers_are_read_from_text(self) -> None:
        client = echo(World())
        assert client("GET", "/things", query={"limit": "7"}).json == {"limit": 7}
        assert client("GET", "/things").json == {"limit": 50}

    @pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "x", "", "1,2", "\0", "1_0", "5.0"])
    def test_anything_else_is_refused(self, limit: str) -> None:
        reply = echo(World())("GET", "/things", query={"limit": limit})
        assert reply.code == "bad_request"
        assert reply.json["detail"].startswith("limit: ")


class TestProblems:
    @pytest.mark.parametrize("kind", every_error())
    def test_every_error_has_its_status_and_code(self, kind: type[NatterError]) -> None:
        error = kind.__new__(kind)
        NatterError.__init__(error, "what went wrong")
        reply = failing(error)("GET", "/")
        assert (reply.status, reply.code, reply.json["detail"]) == (kind.status, kind.code, "what went wrong")
        assert "retry_after_ms" not in reply.json

    def test_a_problem_in_full(self) -> None:
        assert failing(NotMember())("GET", "/").json == {
            "type": "about:blank",
            "title": "Forbidden",
            "status": 403,
            "detail": "not a member of this conversation",
            "code": "not_member",
        }

    @pytest.mark.parametrize(
        ("error", "milliseconds", "seconds"),
        [
            (RateLimited(retry_after_ms=11_001), 11_001, "12"),
            (RateLimited(retry_after_ms=1), 1, "1"),
            (Unavailable("database"), 1000, "1"),
        ],
    )
    def test_says_when_to_come_again(self, error: NatterError, milliseconds: int, seconds: str) -> None:
        reply = failing(error)("GET", "/")
        assert reply.json["retry_after_ms"] == milliseconds
        assert reply.headers["Retry-After"] == seconds

    def test_a_bug_is_logged_once_without_what_was_handled(self, caplog: pytest.LogCaptureFixture) -> None:
        """The answer names the request, the log says where; the text of the error is in neither."""
        with caplog.at_level(logging.DEBUG):
            reply = failing(KeyError("ann@example.org"))("GET", "/")
        assert (reply.status, reply.code) == (500, "internal")
        assert reply.json["detail"] == "request-1"
        assert reply.json["retry_after_ms"] == 1000
        (message,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert message.startswith("request request-1 failed")
        assert "test_http.py" in message
        assert message.endswith("KeyError")
        assert "ann@example.org" not in caplog.text + reply.text

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
    @pytest.mark.parametrize("path", ["/nothing", "/things/", "/things/a/b", "/THINGS", "/thingsx", ""])
    def test_nothing_at_this_path(self, method: str, path: str) -> None:
        assert echo(World())(method, path).status == 404

    def test_nobody_has_such_a_name(self) -> None:
        reply = echo(World())("GET", '/things/a"b')
        assert (reply.status, reply.code) == (404, "not_found")

    @pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "BREW"])
    @pytest.mark.parametrize(("path", "allowed"), [("/things", "GET, HEAD, POST"), ("/things/a", "GET, HEAD")])
    def test_another_method_is_told_which_there_are(self, method: str, path: str, allowed: str) -> None:
        reply = echo(World())(method, path)
        assert (reply.status, reply.code) == (405, "method_not_allowed")
        assert reply.headers["Allow"] == allowed


class TestHead:
    def test_is_get_without_a_body(self) -> None:
        client = echo(World())
        got, headed = client("GET", "/things", query={"limit": "7"}), client("HEAD", "/things", query={"limit": "7"})
        assert (headed.status, headed.headers, headed.text) == (200, got.headers, "")
        assert client("HEAD", "/things/a").headers["ETag"] == client("GET", "/things/a").headers["ETag"]

    def test_is_refused_as_get(self) -> None:
        headed = echo(World())("HEAD", "/things", query={"limit": "0"})
        assert (headed.status, headed.text) == (400, "")
        assert headed.headers["Content-Type"] == "application/problem+json"


class TestWhoAsks:
    @pytest.fixture
    def world(self) -> World:
        world = World()
        world.add("ann")
        return world

    @pytest.fixture
    def api(self, world: World) -> HttpApi:
        api = an_api(world)

        @api.post("/whoami")
        def whoami(request: Request, body: Thing) -> Thing:
            assert body.name
            return Thing(name=request.principal.user_id)

        return api

    def test_the_handler_knows(self, world: World, api: HttpApi) -> None:
        signed_in = world.sign_in(a_sign_in("ann"))
        reply = HttpClient(api, signed_in.access_token)("POST", "/whoami", {"name": "x"})
        assert reply.json == {"name": signed_in.principal.user_id}

    @pytest.mark.parametrize("token", [None, "", "made-up"])
    def test_nobody_is_refused_before_anything_is_read(self, api: HttpApi, token: str | None) -> None:
        reply = HttpClient(api, token)("POST", "/whoami", "{")
        assert (reply.status, reply.code) == (401, "unauthenticated")

    def test_a_hundred_at_once_and_twenty_a_second(self, world: World, api: HttpApi) -> None:
        client = HttpClient(api, world.sign_in(a_sign_in("ann")).access_token)
        statuses = [client("POST", "/whoami", {"name": "x"}).status for _ in range(100)]
        assert set(statuses) == {200}
        refused = client("POST", "/whoami", {"name": "x"})
        assert (refused.status, refused.code, refused.json["retry_after_ms"]) == (429, "rate_limited", 50)
        world.clock.advance(seconds=0.05)
        assert client("POST", "/whoami", {"name": "x"}).status == 200


class TestMeasuring:
    def test_answers_are_counted_by_route_and_code(self, measured: Measured) -> None:
        """Whatever asks for nothing that there is makes no series of its own."""
        client = echo(World())
        assert [client("GET", "/things/7").status, client("GET", "/nothing/7").status] == [200, 404]
        found = measured()
        assert found["Answers[ok, GET /things/{name}]"] == [1]
        assert found["Answers[not_found, unknown]"] == [1]
        assert found["Faults"] == [0]

    def test_a_bug_is_a_fault(self, measured: Measured) -> None:
        api = an_api(World())

        @api.get("/<thing_id>", open_=True)
        def get(request: Request) -> Thing:
            raise KeyError(request.path["thing_id"])

        assert HttpClient(api)("GET", "/7").status == 500
        found = measured()
        assert (found["Answers[internal, GET /{thing_id}]"], found["Faults"]) == ([1], [1])


def test_events_without_headers_or_body_are_read() -> None:
    api = an_api(World())

    @api.get("/", open_=True)
    def get(request: Request) -> Thing:
        return Thing(name=request.address)

    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": "/",
        "requestContext": {
            "http": {"method": "GET", "path": "/", "sourceIp": "192.0.2.9"},
            "stage": "$default",
            "requestId": "request-1=",
            "timeEpoch": NOON,
        },
    }
    assert HttpClient(lambda _, context: api(event, context))("GET", "/").json == {"name": "192.0.2.9"}
    assert json.loads(json.dumps(event)) == event
