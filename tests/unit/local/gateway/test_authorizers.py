import json
from typing import Any

import pytest

from local.gateway.authorizers import RefusedError, identity, read_failure, read_policy, read_simple
from local.gateway.request import Request
from local.model import Authorizer
from local.runtime.http1 import Connection, Exchange

ARN = "arn:aws:execute-api:eu-central-1:000000000000:api/local/$connect"


def policy(*statements: tuple[str, str], **more: Any) -> bytes:
    document = {
        "Statement": [
            {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource} for effect, resource in statements
        ]
    }
    return json.dumps({"principalId": "alice", "policyDocument": document, **more}).encode()


def a_request(target: bytes, *headers: tuple[bytes, bytes]) -> Request:
    connection = Connection(lambda _: None, set(), max_head=1, max_body=1)
    return Request(Exchange(connection, "GET", target, list(headers), b""))


class TestIdentity:
    def test_is_the_values_of_all_sources(self) -> None:
        sources = ("$request.header.Authorization", "$request.querystring.key", "$context.routeKey")
        authorizer = Authorizer(function_arn=ARN, identity_sources=sources)
        request = a_request(b"/?key=a&key=b", (b"authorization", b"me"))
        assert identity(authorizer, request, "GET /x") == ("me", "b", "GET /x")

    def test_a_missing_one_is_401(self) -> None:
        authorizer = Authorizer(function_arn=ARN, identity_sources=("route.request.header.Authorization",))
        with pytest.raises(RefusedError) as refusal:
            identity(authorizer, a_request(b"/"), "$connect")
        assert refusal.value.status == 401


class TestReadPolicy:
    def test_context_is_strings(self) -> None:
        answer = policy(("Allow", ARN), context={"text": "a", "number": 3, "flag": False})
        assert read_policy(answer, ARN) == {"principalId": "alice", "text": "a", "number": "3", "flag": "false"}

    @pytest.mark.parametrize("resource", ["*", ARN, ARN.replace("$connect", "*"), "arn:aws:execute-api:*:*:api/*"])
    def test_allowing_resources(self, resource: str) -> None:
        assert read_policy(policy(("Allow", resource)), ARN)["principalId"] == "alice"

    @pytest.mark.parametrize("statements", [[], [("Allow", "arn:other")], [("Allow", "*"), ("Deny", ARN)]])
    def test_not_allowed_is_403(self, statements: list[tuple[str, str]]) -> None:
        with pytest.raises(RefusedError) as refusal:
            read_policy(policy(*statements), ARN)
        assert refusal.value.status == 403

    @pytest.mark.parametrize("answer", [b"null", b"x", b"{}", policy(("Allow", "*"), context={"nested": {"a": 1}})])
    def test_malformed_answer_is_500(self, answer: bytes) -> None:
        with pytest.raises(RefusedError) as refusal:
            read_policy(answer, ARN)
        assert refusal.value.status == 500


class TestReadSimple:
    def test_context_is_as_given(self) -> None:
        assert read_simple(b'{"isAuthorized":true,"context":{"a":{"b":1}}}') == {"a": {"b": 1}}

    @pytest.mark.parametrize(("answer", "status"), [(b'{"isAuthorized":false}', 403), (b"{}", 500), (b"null", 500)])
    def test_refusals(self, answer: bytes, status: int) -> None:
        with pytest.raises(RefusedError) as refusal:
            read_simple(answer)
        assert refusal.value.status == status


class TestReadFailure:
    @pytest.mark.parametrize(
        ("payload", "status"),
        [(b'{"errorMessage":"Unauthorized"}', 401), (b'{"errorMessage":"other"}', 500), (b"x", 500), (b"[]", 500)],
    )
    def test_only_unauthorized_is_401(self, payload: bytes, status: int) -> None:
        assert read_failure(payload).status == status
