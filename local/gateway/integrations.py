"""Lambda proxy integrations: run a route's function and read its answer."""

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.metrics.counters import Counters
from local.model import Route
from local.runtime.functions import Lambda, PayloadTooLargeError, StoppedError, UnknownFunctionError
from local.runtime.scheduling import ThrottledError

from .authorizers import RefusedError, read_failure

AUTHORIZER_TIMEOUT_S = 10.0


class IntegrationFailedError(Exception):
    """The function failed, was throttled, or answered what is not a proxy response."""


class IntegrationTimeoutError(Exception):
    """The function did not answer within the integration's timeout."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A proxy response, its defaults filled in."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()


async def run(functions: Lambda, route: Route, event: bytes, metrics: Counters) -> bytes:
    """
    The raw answer of the route's function to `event`.

    Raises:
        IntegrationFailedError, IntegrationTimeoutError: as they say.
        RefusedError: 413, the event exceeds what a function takes.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        result = await functions.invoke(route.function_arn, event, deadline=began + route.timeout_s)
    except TimeoutError as error:
        raise IntegrationTimeoutError(route.function_arn) from error
    except PayloadTooLargeError as error:
        raise RefusedError(413, "Request Entity Too Large") from error
    except (ThrottledError, StoppedError, UnknownFunctionError) as error:
        raise IntegrationFailedError(str(error)) from error
    finally:
        metrics.add("IntegrationLatency", (loop.time() - began) * 1000, "Milliseconds")
    if result.error:
        raise IntegrationFailedError(route.function_arn)
    return result.payload


async def ask_authorizer(functions: Lambda, function_arn: str, event: bytes) -> bytes:
    """
    An authorizer's answer.

    Raises:
        RefusedError: it raised (401 if "Unauthorized"), or could not be run (500).
    """
    try:
        deadline = asyncio.get_running_loop().time() + AUTHORIZER_TIMEOUT_S
        result = await functions.invoke(function_arn, event, deadline=deadline)
    except (TimeoutError, ThrottledError, StoppedError, UnknownFunctionError) as error:
        raise RefusedError(500, "Internal server error") from error
    if result.error:
        raise read_failure(result.payload)
    return result.payload


def parse(payload: bytes, *, infer: bool) -> Answer:
    """
    Read a function's answer; with `infer`, one without `statusCode` is the JSON body of a 200 (payload format 2.0).

    Raises:
        IntegrationFailedError: it is not a proxy response.
    """
    try:
        answer = json.loads(payload)
    except ValueError as error:
        raise IntegrationFailedError("the answer is not JSON") from error
    if not isinstance(answer, dict) or "statusCode" not in answer:
        if infer:
            body = answer.encode() if isinstance(answer, str) else payload
            return Answer(200, body, {"content-type": "application/json"})
        raise IntegrationFailedError("the answer has no statusCode")
    return _proxy_response(answer)


def _proxy_response(answer: Mapping[str, Any]) -> Answer:
    status, body, headers = answer["statusCode"], answer.get("body"), answer.get("headers") or {}
    try:
        status = int(status)
        if body is None:
            content = b""
        elif answer.get("isBase64Encoded"):
            content = base64.b64decode(body, validate=True)
        else:
            content = body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()
    except (TypeError, ValueError, binascii.Error) as error:
        raise IntegrationFailedError("malformed proxy response") from error
    if not isinstance(headers, Mapping) or not 100 <= status <= 599:  # noqa: PLR2004
        raise IntegrationFailedError("malformed proxy response")
    return Answer(
        status,
        content,
        {str(name): _text(value) for name, value in headers.items()},
        tuple(answer.get("cookies") or ()),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
