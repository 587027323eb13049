"""Calls of AWS's services that fail on purpose (`local.faults`), each in its service's own words."""

import re

from local.faults.calls import CallFaults
from local.runtime.http1 import Exchange

from .onward import Onward, Rewrite, as_it_is
from .refusals import worded
from .requests import request_of

_SCOPE = re.compile(r"Credential=[^/,]+/\d{8}/[^/,]+/(?P<service>[^/,]+)/aws4_request")

# https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
_REFUSALS = {"throttled": (400, "Throttling"), "broken": (503, "ServiceUnavailable")}


def struck(exchange: Exchange, faults: CallFaults, onward: Onward, rewrite: Rewrite = as_it_is) -> bool:
    """Whether the call fails on purpose: then it has been seen to."""
    signed = _SCOPE.search((exchange.header(b"authorization") or b"").decode("latin-1"))
    answer = None if signed is None else faults.next(signed["service"])
    if answer is None:
        return False
    if answer == "lost":
        onward.hand(exchange, rewrite, answered=False)
    elif answer != "none":
        status, code = _REFUSALS[answer]
        told, headers, body = worded(request_of(exchange), status, code, "on purpose")
        exchange.respond(told, body, [(name.encode(), value.encode()) for name, value in headers.items()])
    return True
