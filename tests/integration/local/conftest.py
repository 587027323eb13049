"""A small app of real functions in real workers, behind the gateways."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

import pytest

from local.engines import Engines
from local.gateway.limits import WebSocketLimits
from local.gateway.server import Runtime
from local.model import Api, App, Authorizer, Cors, Function, KafkaSource, Route, Schedule, SqsSource
from local.progress import Progress
from local.runtime.functions import Lambda

from .kafka_stage import Stage

ROOT = Path(__file__).parents[3]
CODE = """
import json, os, sys, time

import boto3

def ok(event, context):
    return {"statusCode": 200}

def echo(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}

def raw(event, context):
    print("got", event)
    return {"event": event, "request_id": context.aws_request_id, "environment": dict(os.environ), "pid": os.getpid(),
            "left_ms": context.get_remaining_time_in_millis(), "arn": context.invoked_function_arn}

def fail(event, context):
    raise ValueError("this function fails")

def slow(event, context):
    time.sleep(event.get("sleep_s", 30) if "sleep_s" in event else 30)
    return {"statusCode": 200}

TICKS = 0

def tick(event, context):
    global TICKS
    import threading
    def run():
        global TICKS
        while True:
            time.sleep(0.001)
            TICKS += 1
    if threading.active_count() == 1:
        threading.Thread(target=run, daemon=True).start()
    return {"ticks": TICKS, "pid": os.getpid()}

def die(event, context):
    os._exit(3)

def big(event, context):
    return "x" * (7 * 1024 * 1024)

def no_status(event, context):
    return {"hello": "world"}

def connect(event, context):
    parameters = event.get("queryStringParameters") or {}
    if "refuse" in parameters:
        return {"statusCode": int(parameters["refuse"])}
    if "early" in parameters:
        return {"statusCode": post_early(event)}
    headers = {}
    if "Sec-WebSocket-Protocol" in event["headers"]:
        headers["Sec-WebSocket-Protocol"] = event["headers"]["Sec-WebSocket-Protocol"].split(",")[0]
    return {"statusCode": 200, "headers": headers}

def post_early(event):
    try:
        post_to_self(event, None)
    except Exception as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
    return 200

def record(event, context):
    with open(os.environ["RECORD"], "a") as file:
        file.write(json.dumps(event) + "\\n")
    return {"statusCode": 200}

def sleepy_frame(event, context):
    time.sleep(json.loads(event["body"])["sleep_s"])
    return {"statusCode": 200, "body": event["body"]}

def post_to_self(event, context):
    request = event["requestContext"]
    client = boto3.client("apigatewaymanagementapi", endpoint_url=f"http://{request['domainName']}/{request['stage']}")
    client.post_to_connection(ConnectionId=request["connectionId"], Data=b"posted")
    return {"statusCode": 200}

def authorize(event, context):
    token = (event.get("queryStringParameters") or {}).get("ticket", "")
    if token == "unauthorized":
        raise Exception("Unauthorized")
    if token == "broken":
        raise Exception("something else")
    effect = "Deny" if token == "deny" else "Allow"
    return {"principalId": "alice", "context": {"user_id": "u1", "level": 3, "admin": True},
            "policyDocument": {"Version": "2012-10-17", "Statement": [
                {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}]}}

CALLS = 0

def authorize_simple(event, context):
    global CALLS
    CALLS += 1
    token = event["headers"]["authorization"]
    if token == "broken":
        raise Exception("something else")
    return {"isAuthorized": token == "good", "context": {"calls": CALLS, "source": event["identitySource"]}}

def respond(event, context):
    return json.loads(event["body"])
"""


@pytest.fixture(scope="session")
def interpreter() -> Path:
    """The interpreter of the workers: made once per checkout, like the local cloud's own."""
    home = ROOT / ".local" / "venvs" / "tests-runtime"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        base = Path(sys.base_prefix) / "bin" / "python3.13"
        uv = ROOT / ".venv" / "bin" / "uv"
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", base, home], check=True, timeout=120)
        requirements = ROOT / "requirements" / "runtime.txt"
        install = (uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", requirements)
        subprocess.run([str(part) for part in install], check=True, timeout=300)
        (home / "ready").touch()
    return python


@pytest.fixture(scope="session")
async def localstack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of a LocalStack for all tests; each names its own resources."""
    engines = Engines(tmp_path_factory.mktemp("localstack"), Progress())
    await engines.start("localstack")
    yield engines.localstack.address
    await engines.stop()


@pytest.fixture(scope="session")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    """A Kafka for all tests; each names its own topics."""
    engines = Engines(tmp_path_factory.mktemp("kafka"), Progress())
    await engines.start("kafka")
    yield engines
    await engines.stop()


@pytest.fixture
def stage(engines: Engines, interpreter: Path, tmp_path: Path) -> Stage:
    return Stage(engines, interpreter, tmp_path)


async def until[T](find: Callable[[], T], *, within_s: float = 20) -> T:
    """Look again and again until `find` returns something true; that."""
    async with asyncio.timeout(within_s):
        while True:
            if found := find():
                return found
            await asyncio.sleep(0.02)


def arn(name: str) -> str:
    return f"arn:aws:lambda:eu-central-1:000000000000:function:{name}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def function(folder: Path, name: str, **settings: object) -> Function:
    """The function `name` of the module above."""
    module = folder / "app.py"
    if not module.exists():
        folder.mkdir(parents=True, exist_ok=True)
        module.write_text(CODE)
    fields: dict[str, object] = {
        "logical_id": name,
        "name": name,
        "arn": arn(name),
        "handler": f"app.{name}",
        "code": folder,
        "timeout_s": 10.0,
        **settings,
    }
    return Function(**fields)  # type: ignore[arg-type]


def app(
    *,
    functions: Sequence[Function],
    apis: Sequence[Api] = (),
    sources: Sequence[KafkaSource] = (),
    queues: Sequence[SqsSource] = (),
    schedules: Sequence[Schedule] = (),
) -> App:
    return App(
        region="eu-central-1",
        account="000000000000",
        functions=tuple(functions),
        apis=tuple(apis),
        kafka_sources=tuple(sources),
        sqs_sources=tuple(queues),
        schedules=tuple(schedules),
        deploy_tasks=(),
        outputs={},
        not_imitated=(),
    )


NAMES = (
    "ok",
    "echo",
    "raw",
    "fail",
    "die",
    "big",
    "no_status",
    "connect",
    "record",
    "sleepy_frame",
    "post_to_self",
    "authorize",
    "authorize_simple",
    "respond",
)


@pytest.fixture(scope="session")
async def cloud(interpreter: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runtime]:
    """One runtime with a WebSocket API and an HTTP API, for all tests that leave it as they found it."""
    root = tmp_path_factory.mktemp("cloud")
    code = root / "code"
    environment: Mapping[str, str] = {"RECORD": str(root / "record.jsonl")}
    settings: dict[str, dict[str, object]] = {
        "authorize_simple": {"reserved_concurrency": 1},
        "sleepy_frame": {"provisioned_concurrency": 2},
    }
    functions = [function(code, name, environment=environment, **settings.get(name, {})) for name in NAMES]
    functions.append(function(code, "slow", timeout_s=1.0))
    policy = Authorizer(function_arn=arn("authorize"), identity_sources=("route.request.querystring.ticket",))
    socket_api = Api(
        api_id="sockets01",
        kind="WEBSOCKET",
        stage="local",
        port=free_port(),
        routes=(
            Route(key="$connect", function_arn=arn("connect"), authorizer=policy),
            Route(key="$disconnect", function_arn=arn("record")),
            Route(key="$default", function_arn=arn("echo"), returns_response=True),
            Route(key="echo", function_arn=arn("echo"), returns_response=True),
            Route(key="quiet", function_arn=arn("echo")),
            Route(key="fail", function_arn=arn("fail"), returns_response=True),
            Route(key="no_status", function_arn=arn("no_status"), returns_response=True),
            Route(key="slow", function_arn=arn("slow"), returns_response=True, timeout_s=0.2),
            Route(key="sleep", function_arn=arn("sleepy_frame"), returns_response=True),
            Route(key="post", function_arn=arn("post_to_self")),
        ),
    )
    simple = Authorizer(
        function_arn=arn("authorize_simple"),
        identity_sources=("$request.header.Authorization",),
        ttl_s=60,
        simple_responses=True,
    )
    http_api = Api(
        api_id="http000001",
        kind="HTTP",
        stage="$default",
        port=free_port(),
        cors=Cors(origins=("https://a.example",), methods=("GET", "POST"), headers=("authorization",), max_age_s=60),
        routes=(
            Route(key="GET /echo", function_arn=arn("echo")),
            Route(key="ANY /items/{id}/parts/{part+}", function_arn=arn("echo")),
            Route(key="POST /echo", function_arn=arn("echo")),
            Route(key="POST /respond", function_arn=arn("respond")),
            Route(key="GET /inferred", function_arn=arn("no_status")),
            Route(key="GET /fail", function_arn=arn("fail")),
            Route(key="GET /slow", function_arn=arn("slow"), timeout_s=0.2),
            Route(key="GET /private", function_arn=arn("echo"), authorizer=simple),
        ),
    )
    runtime = Runtime(
        app(functions=functions, apis=(socket_api, http_api)),
        interpreter=interpreter,
        root=root,
        kafka_bootstrap=None,
        extra_env={"AWS_EC2_METADATA_DISABLED": "true"},
    )
    await runtime.start()
    yield runtime
    await runtime.stop()


@pytest.fixture
async def functions(interpreter: Path, tmp_path: Path) -> AsyncIterator[Lambda]:
    """Functions of a test's own."""
    code = tmp_path / "code"
    pools = Lambda(
        [
            function(code, "raw", environment={"COLOUR": "green"}, provisioned_concurrency=1, timeout_s=30),
            function(code, "fail"),
            function(code, "die"),
            function(code, "big"),
            function(code, "tick"),
            function(code, "slow", timeout_s=2.0, reserved_concurrency=1),
            function(code, "nap", handler="app.slow", timeout_s=20),
            function(code, "missing", handler="app.not_there"),
        ],
        interpreter=interpreter,
        log_dir=tmp_path / "logs",
        extra_env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
    )
    await pools.start()
    yield pools
    await pools.stop()


SHORT = WebSocketLimits(idle_s=3.0, lifetime_s=3600)
