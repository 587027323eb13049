import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from local.faults import Faults, HangUp
from local.gateway.limits import WebSocketLimits
from local.gateway.server import Runtime
from local.gateway.websocket_api import WebSocketApi
from local.gateway.websocket_connection import BacklogError
from local.model import Api, Route, Throttle

from .conftest import SHORT, app, arn, free_port, function, until


def url(runtime: Runtime, query: str = "ticket=good") -> str:
    return f"ws://127.0.0.1:{runtime.app.apis[0].port}/local?{query}"


@asynccontextmanager
async def client(runtime: Runtime, query: str = "ticket=good") -> AsyncIterator[ClientConnection]:
    async with connect(url(runtime, query), compression=None, proxy=None) as socket:
        yield socket


async def ask(socket: ClientConnection, message: object) -> Any:
    await socket.send(message if isinstance(message, str) else json.dumps(message))
    async with asyncio.timeout(5):
        return json.loads(await socket.recv())


@asynccontextmanager
async def management(runtime: Runtime) -> AsyncIterator[Any]:
    api: Any = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"http://127.0.0.1:{runtime.app.apis[0].port}/local",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=5),
    )
    try:
        yield api
    finally:
        api.close()


@pytest.fixture
async def api(cloud: Runtime) -> AsyncIterator[Any]:
    """@connections of the WebSocket API."""
    async with management(cloud) as api:
        yield api


async def refused(runtime: Runtime, query: str) -> tuple[int, dict[str, Any]]:
    with pytest.raises(InvalidStatus) as refusal:
        async with client(runtime, query):
            pass
    body = refusal.value.response.body
    assert body is not None
    return refusal.value.response.status_code, json.loads(body)


async def disconnect_event(runtime: Runtime, connection_id: str) -> Any:
    """What `$disconnect` of a connection got, once it has run."""
    environment = runtime.app.functions[0].environment
    file = Path(environment["RECORD"])

    def find() -> Any:
        events = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return next((e for e in events if e["requestContext"]["connectionId"] == connection_id), None)

    return await until(find)


class TestUpgrade:
    async def test_missing_identity_source_is_401(self, cloud: Runtime) -> None:
        status, body = await refused(cloud, "other=1")
        assert status == 401
        assert body["message"] == "Unauthorized"
        assert set(body) == {"message", "connectionId", "requestId"}

    @pytest.mark.parametrize(("ticket", "status"), [("unauthorized", 401), ("deny", 403), ("broken", 500)])
    async def test_authorizer_refuses(self, cloud: Runtime, ticket: str, status: int) -> None:
        assert (await refused(cloud, f"ticket={ticket}"))[0] == status

    async def test_connect_route_refuses(self, cloud: Runtime) -> None:
        assert (await refused(cloud, "ticket=good&refuse=418"))[0] == 418

    async def test_subprotocol_is_echoed_if_the_function_does(self, cloud: Runtime) -> None:
        protocols = [Subprotocol("chat.v1"), Subprotocol("other")]
        async with connect(url(cloud), subprotocols=protocols, proxy=None) as socket:
            assert socket.subprotocol == "chat.v1"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Sec-WebSocket-Key", "AAAA"),
            ("Sec-WebSocket-Key", ""),
            ("Sec-WebSocket-Key", "A" * 24),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAA?=="),
            ("Sec-WebSocket-Version", "12"),
        ],
    )
    async def test_upgrade_that_the_standard_does_not_know_is_400(self, cloud: Runtime, name: str, value: str) -> None:
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        }
        target = urlsplit(url(cloud))

        def ask(changes: dict[str, str]) -> int:
            with closing(HTTPConnection(target.netloc, timeout=10)) as connection:
                connection.request("GET", f"{target.path}?{target.query}", headers={**headers, **changes})
                return connection.getresponse().status

        assert await asyncio.to_thread(ask, {name: value}) == 400
        assert await asyncio.to_thread(ask, {}) == 101

    async def test_no_compression_is_negotiated(self, cloud: Runtime) -> None:
        async with connect(url(cloud), proxy=None) as socket:
            assert socket.response is not None
            assert "Sec-WebSocket-Extensions" not in socket.response.headers

    async def test_post_before_the_upgrade_is_complete_is_410(self, cloud: Runtime) -> None:
        """A `$connect` route cannot post to the connection that it decides about."""
        assert (await refused(cloud, "ticket=good&early=1"))[0] == 410

    async def test_other_paths_are_forbidden(self, cloud: Runtime) -> None:
        with pytest.raises(InvalidStatus) as refusal:
            await connect(f"ws://127.0.0.1:{cloud.app.apis[0].port}/elsewhere", proxy=None)
        assert refusal.value.response.status_code == 403


class TestRoutes:
    async def test_message_event_has_every_field(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            text = json.dumps({"action": "echo", "text": 'grüße "quoted" \u2028'}, ensure_ascii=False)
            event = await ask(socket, text)
        context = event["requestContext"]
        assert event["body"] == text
        assert event["isBase64Encoded"] is False
        assert set(event) == {"requestContext", "body", "isBase64Encoded"}
        assert set(context) == {
            "routeKey",
            "messageId",
            "eventType",
            "extendedRequestId",
            "requestTime",
            "messageDirection",
            "stage",
            "connectedAt",
            "requestTimeEpoch",
            "identity",
            "requestId",
            "domainName",
            "connectionId",
            "apiId",
            "authorizer",
        }
        assert context["routeKey"] == "echo"
        assert context["eventType"] == "MESSAGE"
        assert context["messageDirection"] == "IN"
        assert context["stage"] == "local"
        assert context["apiId"] == "sockets01"
        assert context["domainName"] == f"127.0.0.1:{cloud.app.apis[0].port}"
        assert context["identity"]["sourceIp"] == "127.0.0.1"
        assert context["identity"]["userAgent"].startswith("Python/")
        assert context["authorizer"] == {"principalId": "alice", "user_id": "u1", "level": "3", "admin": "true"}
        assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", context["connectionId"])
        assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context["requestTime"])
        assert 0 <= context["requestTimeEpoch"] - context["connectedAt"] < 10_000

    @pytest.mark.parametrize("text", ["not json", '{"action":"unknown"}', '{"action":["echo"]}', "[]", '{"x":1}'])
    async def test_what_has_no_route_goes_to_default(self, cloud: Runtime, text: str) -> None:
        async with client(cloud) as socket:
            event = await ask(socket, text)
        assert event["requestContext"]["routeKey"] == "$default"
        assert event["body"] == text

    async def test_route_without_response_answers_nothing(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            await socket.send('{"action":"quiet"}')
            event = await ask(socket, {"action": "echo"})
            assert event["requestContext"]["routeKey"] == "echo"

    @pytest.mark.parametrize("action", ["fail", "no_status"])
    async def test_failed_integration_is_an_error_frame(self, cloud: Runtime, action: str) -> None:
        async with client(cloud) as socket:
            frame = await ask(socket, {"action": action})
        assert frame["message"] == "Internal server error"
        assert set(frame) == {"message", "connectionId", "requestId"}

    async def test_slow_integration_is_an_error_frame(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            frame = await ask(socket, {"action": "slow"})
        assert frame["message"] == "Endpoint request timed out"

    async def test_frames_of_one_connection_run_at_the_same_time(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            await socket.send('{"action":"sleep","sleep_s":2}')
            assert await ask(socket, {"action": "sleep", "sleep_s": 0}) == {"action": "sleep", "sleep_s": 0}
            assert json.loads(await socket.recv())["sleep_s"] == 2


class TestLimits:
    async def _closed(self, socket: ClientConnection) -> int:
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(5):
                await socket.recv()
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code

    async def test_binary_frame_closes_with_1003(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            await socket.send(b"binary")
            assert await self._closed(socket) == 1003

    async def test_frame_over_32_kb_closes_with_1009(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            await socket.send("x" * (32 * 1024 + 1))
            assert await self._closed(socket) == 1009

    async def test_frame_of_32_kb_is_delivered(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            event = await ask(socket, "x" * 32 * 1024)
            assert len(event["body"]) == 32 * 1024

    async def test_message_in_frames_up_to_128_kb_is_delivered(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            await socket.send(["x" * 32 * 1024] * 4)
            event = json.loads(await socket.recv())
            assert len(event["body"]) == 128 * 1024

    async def test_message_over_128_kb_closes_with_1009(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            await socket.send(["x" * 32 * 1024] * 4 + ["x"])
            assert await self._closed(socket) == 1009

    async def test_text_that_is_not_utf_8_closes_with_1007(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            socket.protocol.send_frame(Frame(Opcode.TEXT, b"\xff\xfe"))
            for data in socket.protocol.data_to_send():
                socket.transport.write(data)
            assert await self._closed(socket) == 1007


class TestDisconnect:
    async def test_route_learns_code_and_reason(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            connection_id = (await ask(socket, "hello"))["requestContext"]["connectionId"]
            await socket.close(4001, "done here")
        event = await disconnect_event(cloud, connection_id)
        context = event["requestContext"]
        assert context["eventType"] == "DISCONNECT"
        assert context["routeKey"] == "$disconnect"
        assert (context["disconnectStatusCode"], context["disconnectReason"]) == (4001, "done here")
        assert context["authorizer"]["user_id"] == "u1"

    async def test_lost_connection_is_1006(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            connection_id = (await ask(socket, "hello"))["requestContext"]["connectionId"]
            socket.transport.abort()
        assert (await disconnect_event(cloud, connection_id))["requestContext"]["disconnectStatusCode"] == 1006

    async def test_whoever_is_hung_up_on_gets_no_word_and_the_route_does(self, cloud: Runtime) -> None:
        async with client(cloud) as one, client(cloud) as other:
            ids = [(await ask(socket, "hello"))["requestContext"]["connectionId"] for socket in (one, other)]
            await Faults(f"http://127.0.0.1:{cloud.admin_port}").apply(HangUp())
            for socket in (one, other):
                async with asyncio.timeout(5):
                    await socket.wait_closed()
                assert socket.close_code == 1006
        for each in ids:
            assert (await disconnect_event(cloud, each))["requestContext"]["disconnectStatusCode"] == 1006


class TestManagement:
    async def test_post_get_and_delete(self, cloud: Runtime, api: Any) -> None:
        async with client(cloud) as socket:
            connection_id = (await ask(socket, "hello"))["requestContext"]["connectionId"]
            posted = await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data="grüße".encode())
            assert posted["ResponseMetadata"]["HTTPStatusCode"] == 200
            assert await socket.recv() == "grüße"
            described = await asyncio.to_thread(api.get_connection, ConnectionId=connection_id)
            assert described["Identity"]["SourceIp"] == "127.0.0.1"
            assert described["ConnectedAt"] <= described["LastActiveAt"]
            deleted = await asyncio.to_thread(api.delete_connection, ConnectionId=connection_id)
            assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        with pytest.raises(api.exceptions.GoneException):
            await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=b"late")

    async def test_big_posts(self, cloud: Runtime, api: Any) -> None:
        async with client(cloud) as socket:
            connection_id = (await ask(socket, "hello"))["requestContext"]["connectionId"]
            data = b"x" * 128 * 1024
            await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=data)
            frames = [frame async for frame in socket.recv_streaming()]
            assert [len(frame) for frame in frames] == [32 * 1024] * 4
            with pytest.raises(api.exceptions.PayloadTooLargeException):
                await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=data + b"x")

    async def test_unknown_connection_is_gone(self, api: Any) -> None:
        with pytest.raises(ClientError) as error:
            await asyncio.to_thread(api.post_to_connection, ConnectionId="L0SM9cOFvHcCIhw=", Data=b"x")
        assert error.value.response["Error"]["Code"] == "GoneException"
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410

    async def test_client_that_does_not_read_is_429(self, cloud: Runtime, api: Any) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", cloud.app.apis[0].port, limit=1024)
        gateway = cloud.apis[0]
        assert isinstance(gateway, WebSocketApi)
        before = set(gateway.connections)
        writer.write(
            b"GET /local?ticket=good HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        try:
            assert (await reader.readline()).startswith(b"HTTP/1.1 101 ")
            (connection_id,) = set(gateway.connections) - before
            connection = gateway.connections[connection_id]

            def flood() -> None:
                for _ in range(1000):
                    connection.send(b"x" * 128 * 1024)

            with pytest.raises(BacklogError):
                flood()
            with pytest.raises(api.exceptions.LimitExceededException):
                await asyncio.to_thread(api.post_to_connection, ConnectionId=connection_id, Data=b"x")
        finally:
            writer.transport.abort()

    async def test_function_posts_to_the_connection_it_serves(self, cloud: Runtime) -> None:
        async with client(cloud) as socket:
            await socket.send('{"action":"post"}')
            async with asyncio.timeout(10):
                assert await socket.recv() == "posted"


class TestLife:
    @pytest.fixture
    async def small(self, interpreter: Path, tmp_path: Path) -> AsyncIterator[Runtime]:
        """An API without `$default` and authorizer, with a rate limit and a short idle time."""
        code = tmp_path / "code"
        environment = {"RECORD": str(tmp_path / "record.jsonl")}
        names = ("echo", "post_to_self", "record")
        functions = [function(code, name, environment=environment, provisioned_concurrency=1) for name in names]
        api = Api(
            api_id="small00001",
            kind="WEBSOCKET",
            stage="local",
            port=free_port(),
            throttle=Throttle(rate=0.001, burst=3),
            route_throttles={"echo": Throttle(rate=0.001, burst=1)},
            routes=(
                Route(key="$disconnect", function_arn=arn("record")),
                Route(key="echo", function_arn=arn("echo"), returns_response=True),
            ),
        )
        runtime = Runtime(
            app(functions=functions, apis=[api]),
            interpreter=interpreter,
            root=tmp_path,
            kafka_bootstrap=None,
            extra_env={},
            limits=SHORT,
        )
        await runtime.start()
        yield runtime
        await runtime.stop()

    async def test_without_default_route_the_client_is_told(self, small: Runtime) -> None:
        async with client(small) as socket:
            assert (await ask(socket, "no route"))["message"] == "Forbidden"

    async def test_rate_limit_is_told(self, small: Runtime) -> None:
        async with client(small) as socket:
            answers = [await ask(socket, "no route") for _ in range(3)]
        assert [answer["message"] for answer in answers] == ["Forbidden", "Forbidden", "Too Many Requests"]

    async def test_route_with_a_rate_of_its_own_is_limited_by_itself(self, small: Runtime) -> None:
        async with client(small) as socket:
            answers = [await ask(socket, '{"action":"echo"}') for _ in range(2)]
            assert [answer.get("message") for answer in answers] == [None, "Too Many Requests"]
            assert [(await ask(socket, "no route"))["message"] for _ in range(2)] == ["Forbidden", "Forbidden"]

    async def test_rate_limit_holds_for_upgrades_and_posts(self, small: Runtime) -> None:
        async with client(small) as socket:
            for _ in range(2):
                await ask(socket, "no route")
            assert (await refused(small, ""))[0] == 429
            async with management(small) as api:
                with pytest.raises(api.exceptions.LimitExceededException):
                    await asyncio.to_thread(api.post_to_connection, ConnectionId="any", Data=b"x")

    async def test_old_connection_goes_away_however_busy(self, interpreter: Path, tmp_path: Path) -> None:
        limits = WebSocketLimits(lifetime_s=0.5)
        code = tmp_path / "code"
        route = Route(key="$default", function_arn=arn("ok"), returns_response=True)
        api = Api(api_id="old0000001", kind="WEBSOCKET", stage="local", port=free_port(), routes=(route,))
        runtime = Runtime(
            app(functions=[function(code, "ok")], apis=[api]),
            interpreter=interpreter,
            root=tmp_path,
            kafka_bootstrap=None,
            extra_env={},
            limits=limits,
        )
        await runtime.start()
        try:
            async with client(runtime) as socket:

                async def keep_busy() -> None:
                    async with asyncio.timeout(10):
                        while True:
                            await socket.send("busy")
                            await asyncio.sleep(0.05)

                with pytest.raises(ConnectionClosed) as closed:
                    await keep_busy()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001
        finally:
            await runtime.stop()

    async def test_limits_are_those_of_aws(self) -> None:
        limits = WebSocketLimits()
        assert (limits.idle_s, limits.lifetime_s) == (600, 7200)
        assert (limits.frame_bytes, limits.message_bytes) == (32 * 1024, 128 * 1024)

    async def test_idle_connection_goes_away(self, small: Runtime) -> None:
        async with client(small) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                async with asyncio.timeout(5):
                    await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001

    async def test_stop_closes_with_1001_and_runs_disconnect(self, small: Runtime, tmp_path: Path) -> None:
        async with client(small) as socket:
            stopping = asyncio.create_task(small.stop())
            with pytest.raises(ConnectionClosed) as closed:
                async with asyncio.timeout(5):
                    await socket.recv()
            await stopping
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        (event,) = map(json.loads, (tmp_path / "record.jsonl").read_text().splitlines())
        assert event["requestContext"]["disconnectStatusCode"] == 1001
        assert isinstance(small.apis[0], WebSocketApi)
        assert small.apis[0].connections == {}
