"""Lambda's `Invoke` operation over HTTP, as boto3 and the AWS CLI call it. Requests may be signed or not."""

import asyncio
import json
from urllib.parse import unquote

from local.runtime.functions import Lambda, PayloadTooLargeError, StoppedError, UnknownFunctionError
from local.runtime.http1 import Exchange
from local.runtime.scheduling import ThrottledError

PREFIX = "/2015-03-31/functions/"
SUFFIX = "/invocations"
_JSON = (b"content-type", b"application/json")


def function_of(exchange: Exchange) -> str | None:
    """The function (name or ARN) that the request invokes; None if it is another request."""
    path = exchange.raw_path.decode("latin-1")
    if exchange.method != "POST" or not path.startswith(PREFIX) or not path.endswith(SUFFIX):
        return None
    return unquote(path[len(PREFIX) : -len(SUFFIX)])


class InvokeApi:
    """Answers `Invoke` requests."""

    def __init__(self, functions: Lambda) -> None:
        self._functions = functions
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, exchange: Exchange, function: str) -> None:
        kind = exchange.header(b"x-amz-invocation-type") or b"RequestResponse"
        try:
            self._functions.pool(function)
            json.loads(exchange.body or b"{}")
        except UnknownFunctionError:
            _refuse(exchange, 404, "ResourceNotFoundException", f"Function not found: {function}")
            return
        except ValueError:
            _refuse(exchange, 400, "InvalidRequestContentException", "Could not parse request body into json")
            return
        if kind == b"DryRun":
            exchange.respond(204)
        elif kind == b"Event":
            self._queue(exchange, function)
        else:
            task = asyncio.get_running_loop().create_task(self._invoke(exchange, function))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _queue(self, exchange: Exchange, function: str) -> None:
        try:
            self._functions.invoke_async(function, exchange.body or b"{}")
        except PayloadTooLargeError as error:
            _refuse(exchange, 413, "RequestTooLargeException", str(error))
        else:
            exchange.respond(202)

    async def _invoke(self, exchange: Exchange, function: str) -> None:
        try:
            result = await self._functions.invoke(function, exchange.body or b"{}")
        except PayloadTooLargeError as error:
            _refuse(exchange, 413, "RequestTooLargeException", str(error))
        except ThrottledError as error:
            _refuse(exchange, 429, "TooManyRequestsException", str(error))
        except StoppedError:
            _refuse(exchange, 503, "ServiceException", "The local cloud is stopping")
        else:
            headers = [
                _JSON,
                (b"x-amz-executed-version", b"$LATEST"),
                (b"x-amzn-requestid", result.request_id.encode()),
            ]
            if result.error:
                headers.append((b"x-amz-function-error", result.error.encode()))
            exchange.respond(200, result.payload, headers)


def _refuse(exchange: Exchange, status: int, error: str, message: str) -> None:
    body = json.dumps({"Type": "User", "Message": message}).encode()
    exchange.respond(status, body, (_JSON, (b"x-amzn-errortype", error.encode())))
