import asyncio
import base64
import json
import re
import urllib.error
import urllib.request
from contextlib import closing
from http.client import HTTPConnection
from itertools import batched
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.gateway.server import Runtime
from local.model import Api, Route, Throttle

from .conftest import app, arn, free_port, function

MIB = 1024 * 1024


class Response:
    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.cookies = [value for name, value in headers if name.lower() == "set-cookie"]
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def request(
    runtime: Runtime, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Response:
    def call() -> Response:
        connection = HTTPConnection("127.0.0.1", runtime.app.apis[1].port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Response(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    return await asyncio.to_thread(call)


async def converse(runtime: Runtime, head: str, body: bytes, *, piece: int = MIB) -> bytes:
    """All that is answered, until the end, to who sends everything before they read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", runtime.app.apis[1].port, limit=MIB)
    async with asyncio.timeout(30):
        for part in batched(head.encode() + body, piece, strict=False):
            writer.write(bytes(part))
            await writer.drain()
        answers = await reader.read()
    writer.close()
    return answers


class TestEvents:
    async def test_event_has_payload_format_2(self, cloud: Runtime) -> None:
        headers = {"X-Some": "1", "Cookie": "a=1; b=2", "User-Agent": "test"}
        event = (await request(cloud, "GET", "/echo?x=1&x=2&y=%C3%BC", headers=headers)).json
        assert event["version"] == "2.0"
        assert event["routeKey"] == "GET /echo"
        assert event["rawPath"] == "/echo"
        assert event["rawQueryString"] == "x=1&x=2&y=%C3%BC"
        assert event["queryStringParameters"] == {"x": "1,2", "y": "ü"}
        assert event["cookies"] == ["a=1", "b=2"]
        assert event["headers"]["x-some"] == "1"
        assert "cookie" not in event["headers"]
        assert "body" not in event
        assert event["isBase64Encoded"] is False
        http = event["requestContext"]["http"]
        assert http == {
            "method": "GET",
            "path": "/echo",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "test",
        }
        assert event["requestContext"]["stage"] == "$default"

    async def test_repeated_headers_are_joined(self, cloud: Runtime) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", cloud.app.apis[1].port)
        writer.write(b"GET /echo HTTP/1.1\r\nhost: x\r\nx-many: 1\r\nx-many: 2\r\nconnection: close\r\n\r\n")
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]["x-many"] == "1,2"

    async def test_path_variables(self, cloud: Runtime) -> None:
        event = (await request(cloud, "PUT", "/items/a%20b/parts/1/2")).json
        assert event["pathParameters"] == {"id": "a b", "part": "1/2"}

    async def test_paths_are_compared_with_their_encoding_undone(self, cloud: Runtime) -> None:
        event = (await request(cloud, "GET", "/%65cho")).json
        assert (event["routeKey"], event["rawPath"], event["requestContext"]["http"]["path"]) == (
            "GET /echo",
            "/echo",
            "/echo",
        )
        slash = (await request(cloud, "PUT", "/items/a%2Fparts/parts%2F1%252F%C3%BC")).json
        assert slash["rawPath"] == "/items/a/parts/parts/1%2Fü"
        assert (await request(cloud, "GET", "/echo%2Fmore")).status == 404
        assert (await request(cloud, "GET", "/echo%3Fmore?x=1")).json["rawPath"] == "/echo"

    async def test_text_body_is_text_and_others_are_base64(self, cloud: Runtime) -> None:
        text = (await request(cloud, "POST", "/echo", b'{"a":1}', {"Content-Type": "application/json"})).json
        assert (text["body"], text["isBase64Encoded"]) == ('{"a":1}', False)
        binary = (await request(cloud, "POST", "/echo", b"\x00\xff", {"Content-Type": "image/png"})).json
        assert (base64.b64decode(binary["body"]), binary["isBase64Encoded"]) == (b"\x00\xff", True)


class TestAnswers:
    async def test_proxy_response(self, cloud: Runtime) -> None:
        answer = {
            "statusCode": 201,
            "headers": {"X-A": "1", "Content-Type": "text/html"},
            "cookies": ["a=1; Secure", "b=2"],
            "body": base64.b64encode(b"\x00\x01").decode(),
            "isBase64Encoded": True,
        }
        response = await request(cloud, "POST", "/respond", json.dumps(answer).encode())
        assert response.status == 201
        assert response.headers["x-a"] == "1"
        assert response.headers["content-type"] == "text/html"
        assert response.cookies == ["a=1; Secure", "b=2"]
        assert response.body == b"\x00\x01"
        assert response.headers["apigw-requestid"]

    async def test_answer_without_status_is_inferred(self, cloud: Runtime) -> None:
        response = await request(cloud, "GET", "/inferred")
        assert response.status == 200
        assert response.headers["content-type"] == "application/json"
        assert response.json == {"hello": "world"}

    async def test_gateway_answers(self, cloud: Runtime) -> None:
        for method, path, status, message in (
            ("GET", "/nowhere", 404, "Not Found"),
            ("DELETE", "/echo", 404, "Not Found"),
            ("GET", "/fail", 500, "Internal Server Error"),
            ("GET", "/slow", 503, "Service Unavailable"),
        ):
            response = await request(cloud, method, path)
            assert (response.status, response.json) == (status, {"message": message})

    async def test_body_over_10_mb_is_refused(self, cloud: Runtime) -> None:
        port = cloud.app.apis[1].port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        size = 10 * 1024 * 1024 + 1
        writer.write(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % size)
        writer.write(b"x" * size)
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()

    async def test_body_over_6_mb_is_too_much_for_a_function(self, cloud: Runtime) -> None:
        response = await request(cloud, "POST", "/echo", b"x" * (6 * 1024 * 1024))
        assert response.status == 413

    async def test_headers_over_10240_bytes_are_refused(self, cloud: Runtime) -> None:
        assert (await request(cloud, "GET", "/echo", headers={"X-Long": "x" * 9_000})).status == 200
        assert (await request(cloud, "GET", "/echo", headers={"X-Long": "x" * 10_240})).status == 431

    async def test_answers_of_the_gateway_itself_have_its_own_form(self, cloud: Runtime) -> None:
        entity, fields = {"message": "Request Entity Too Large"}, {"message": "Request Header Fields Too Large"}
        for mebibytes in (6, 8, 11):
            body = b"x" * (mebibytes * MIB)
            for headers in ({}, {"Content-Type": "application/json"}, {"Expect": "100-continue"}):
                answer = await request(cloud, "POST", "/echo", body, headers)
                assert (answer.status, answer.json) == (413, entity), mebibytes
        answer = await request(cloud, "POST", "/echo", b"x" * (2 * MIB), {"X-Long": "x" * 20_000})
        assert (answer.status, answer.json) == (431, fields)
        answer = await request(cloud, "GET", "/echo?" + "x" * 11_000)
        assert (answer.status, answer.json) == (431, fields)

    async def test_a_body_of_5_mb_counts_as_the_event_has_it(self, cloud: Runtime) -> None:
        """In base64, or with its quotes escaped, it is more."""
        plain = b'{"statusCode": 201, "more": "%s"}' % (b"x" * (5 * MIB))
        assert (await request(cloud, "POST", "/respond", plain)).status == 201
        assert (await request(cloud, "POST", "/respond", b'"' * (5 * MIB))).status == 413
        binary = await request(cloud, "POST", "/respond", b"\xff" * (5 * MIB), {"Content-Type": "image/png"})
        assert binary.status == 413

    async def test_who_is_refused_may_finish_sending_and_reads_the_answer(self, cloud: Runtime) -> None:
        """Cut off with bytes under way, the connection would be reset, and the answer lost."""
        for status, fields, size in ((413, "", 16 * MIB), (431, f"x-long: {'x' * 20_000}\r\n", MIB)):
            head = f"POST /echo HTTP/1.1\r\nhost: x\r\n{fields}content-length: {size}\r\n\r\n"
            answer = await converse(cloud, head, b"x" * size)
            assert answer.startswith(b"HTTP/1.1 %d " % status)
            assert answer.endswith(b' Too Large"}')


class TestUpgrades:
    """There is nothing to go over to: the request is answered as if it had not asked (RFC 9110, 7.8)."""

    HEAD = "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: {}\r\n"

    @pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.0, x"])
    @pytest.mark.parametrize(
        "body", [b"content-length: 5\r\n\r\nhello", b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
    )
    @pytest.mark.parametrize("piece", [1, 7, 10_000])
    async def test_body_is_kept_and_the_connection_goes_on(
        self, cloud: Runtime, protocol: str, body: bytes, piece: int
    ) -> None:
        request = self.HEAD.format(protocol).encode() + body
        last = b"GET /inferred HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        answers = await converse(cloud, "", request + request + last, piece=piece)
        first, second, third = re.findall(rb"\r\n\r\n(\{.*?\})(?=HTTP|$)", answers, re.DOTALL)
        assert [json.loads(each)["body"] for each in (first, second)] == ["hello", "hello"]
        assert json.loads(third) == {"hello": "world"}

    async def test_without_a_body_it_is_a_request_like_others(self, cloud: Runtime) -> None:
        headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AA"}
        assert (await request(cloud, "GET", "/inferred", headers=headers)).json == {"hello": "world"}

    async def test_who_waits_before_sending_the_body_is_told_once_to_go_on(self, cloud: Runtime) -> None:
        request = self.HEAD.format("h2c") + "expect: 100-continue\r\nconnection: close\r\ncontent-length: 5\r\n\r\n"
        answers = await converse(cloud, request, b"hello")
        assert answers.count(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ") == 1
        assert b'"body": "hello"' in answers.replace(b"\\", b"")


class TestStage:
    async def test_has_its_prefix_and_its_throttle(self, interpreter: Path, tmp_path: Path) -> None:
        api = Api(
            api_id="http000002",
            kind="HTTP",
            stage="beta",
            port=free_port(),
            throttle=Throttle(rate=0.001, burst=2),
            route_throttles={"POST /sessions": Throttle(rate=0.001, burst=1)},
            routes=(
                Route(key="$default", function_arn=arn("echo")),
                Route(key="POST /sessions", function_arn=arn("echo")),
            ),
        )
        runtime = Runtime(
            app(functions=[function(tmp_path / "code", "echo")], apis=[api, api]),
            interpreter=interpreter,
            root=tmp_path,
            kafka_bootstrap=None,
            extra_env={},
        )
        runtime.apis.pop()
        await runtime.start()
        try:
            own = [(await request(runtime, "POST", "/beta/sessions")).status for _ in range(2)]
            assert own == [200, 429]  # and takes nothing of the others
            inside = await request(runtime, "GET", "/beta/anything")
            assert (inside.status, inside.json["requestContext"]["stage"]) == (200, "beta")
            assert (await request(runtime, "GET", "/anything")).status == 404
            refused = await request(runtime, "GET", "/beta/anything")
            assert (refused.status, refused.json) == (429, {"message": "Too Many Requests"})
        finally:
            await runtime.stop()


class TestAuthorizer:
    async def test_missing_identity_is_401(self, cloud: Runtime) -> None:
        response = await request(cloud, "GET", "/private")
        assert (response.status, response.json) == (401, {"message": "Unauthorized"})

    async def test_refusal_is_403_and_failure_500(self, cloud: Runtime) -> None:
        assert (await request(cloud, "GET", "/private", headers={"Authorization": "bad"})).status == 403
        assert (await request(cloud, "GET", "/private", headers={"Authorization": "broken"})).status == 500

    async def test_context_reaches_the_function_and_is_cached(self, cloud: Runtime) -> None:
        contexts = [
            (await request(cloud, "GET", "/private", headers={"Authorization": "good"})).json["requestContext"]
            for _ in range(2)
        ]
        first, second = (context["authorizer"]["lambda"] for context in contexts)
        assert first["source"] == ["good"]
        assert first["calls"] == second["calls"]


class TestCors:
    async def test_preflight_is_answered_by_the_gateway(self, cloud: Runtime) -> None:
        headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
        response = await request(cloud, "OPTIONS", "/echo", headers=headers)
        assert response.status == 204
        assert response.headers["access-control-allow-origin"] == "https://a.example"
        assert response.headers["access-control-allow-methods"] == "GET,POST"
        assert response.headers["access-control-allow-headers"] == "authorization"
        assert response.headers["access-control-max-age"] == "60"

    async def test_answers_and_errors_carry_the_origin(self, cloud: Runtime) -> None:
        for path in ("/inferred", "/nowhere"):
            response = await request(cloud, "GET", path, headers={"Origin": "https://a.example"})
            assert response.headers["access-control-allow-origin"] == "https://a.example"

    async def test_other_origins_get_nothing(self, cloud: Runtime) -> None:
        response = await request(cloud, "GET", "/inferred", headers={"Origin": "https://b.example"})
        assert not [name for name in response.headers if name.startswith("access-control")]


class TestAdmin:
    async def test_status_is_json(self, cloud: Runtime) -> None:
        def get() -> Any:
            url = f"http://127.0.0.1:{cloud.admin_port}/status"
            with urllib.request.urlopen(url, timeout=5) as response:
                return json.load(response)

        await cloud.invoke("ok", b"{}")
        status = await asyncio.to_thread(get)
        assert status["functions"]["ok"]["invocations"] >= 1
        assert status["apis"]["sockets01"]["kind"] == "WEBSOCKET"

    async def test_boto3_invokes(self, cloud: Runtime) -> None:
        lambda_: Any = boto3.client(
            "lambda",
            endpoint_url=f"http://127.0.0.1:{cloud.admin_port}",
            region_name="eu-central-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        with closing(lambda_):
            result = await asyncio.to_thread(lambda_.invoke, FunctionName="raw", Payload=b'{"n":1}')
            assert json.load(result["Payload"])["event"] == {"n": 1}
            assert "FunctionError" not in result
            failed = await asyncio.to_thread(lambda_.invoke, FunctionName="fail", Payload=b"{}")
            assert failed["FunctionError"] == "Unhandled"
            assert json.load(failed["Payload"])["errorType"] == "ValueError"
            queued = await asyncio.to_thread(lambda_.invoke, FunctionName="ok", InvocationType="Event", Payload=b"{}")
            assert (queued["StatusCode"], queued["Payload"].read()) == (202, b"")
