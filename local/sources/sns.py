"""Functions that are subscribed to topics: LocalStack posts each message here, and it becomes their event."""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

import aiohttp

from local.runtime.functions import Lambda, PayloadTooLargeError, UnknownFunctionError
from local.runtime.http1 import Exchange

LOG = logging.getLogger("local.sources")
PREFIX = "/sns/"
CONFIRM_TIMEOUT_S = 10.0


def endpoint(port: int, function_arn: str) -> str:
    """The address under which the function is subscribed."""
    return f"http://127.0.0.1:{port}{PREFIX}{quote(function_arn, safe='')}"


def event(message: Mapping[str, Any], *, subscription_arn: str) -> bytes:
    """The event of one message, as SNS invokes functions with."""
    names = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    notification: dict[str, Any] = {"Subject": None, "MessageAttributes": {}}
    notification |= {names.get(name, name): value for name, value in message.items()}
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "Sns": notification,
    }
    return json.dumps({"Records": [record]}, separators=(",", ":")).encode()


class Notifications:
    """Takes what LocalStack posts to `endpoint`, and confirms the subscription when it asks for that."""

    def __init__(self, functions: Lambda) -> None:
        self._functions = functions
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, exchange: Exchange) -> None:
        function = unquote(exchange.raw_path.decode("latin-1").removeprefix(PREFIX))
        kind = exchange.header(b"x-amz-sns-message-type")
        try:
            message = json.loads(exchange.body)
            if kind == b"SubscriptionConfirmation":
                task = asyncio.get_running_loop().create_task(self._confirm(message["SubscribeURL"]))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            elif kind == b"Notification":
                arn = (exchange.header(b"x-amz-sns-subscription-arn") or b"").decode("latin-1")
                self._functions.invoke_async(function, event(message, subscription_arn=arn))
        except UnknownFunctionError:
            exchange.respond(404)
        except PayloadTooLargeError:
            exchange.respond(413)
        except (ValueError, KeyError):
            exchange.respond(400)
        else:
            exchange.respond(200)

    async def _confirm(self, url: str) -> None:
        timeout = aiohttp.ClientTimeout(total=CONFIRM_TIMEOUT_S)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
                answer.raise_for_status()
        except (aiohttp.ClientError, TimeoutError) as error:
            LOG.warning("a subscription was not confirmed: %s", error)
