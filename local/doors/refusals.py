"""How the services of AWS say no: each in its own words."""

import json
import uuid
from collections.abc import Mapping
from xml.sax.saxutils import escape

from local.runtime.invoke_api import PREFIX

from .identities import BadSignature
from .requests import HttpRequest

type Answer = tuple[int, Mapping[str, str], bytes]
_CODES = {"AmazonSQS": "AccessDenied"}
"""Of a denied call, by the service's name in `X-Amz-Target`, where it is not the usual one."""


class Denied(Exception):
    """The role may not do this; the message is AWS's."""


def refusal(request: HttpRequest, error: BadSignature | Denied) -> Answer:
    """What the service that was called answers."""
    denied = isinstance(error, Denied)
    if target := request.headers.get("x-amz-target"):
        code = _CODES.get(target.partition(".")[0], "AccessDeniedException") if denied else "InvalidSignatureException"
        return worded(request, 400, code, str(error))
    if request.path.startswith(PREFIX):
        code = "AccessDeniedException" if denied else "InvalidSignatureException"
        return worded(request, 403, code, str(error))
    if _is_query(request):
        return worded(request, 403, "AuthorizationError" if denied else "SignatureDoesNotMatch", str(error))
    return worded(request, 403, "AccessDenied" if denied else "SignatureDoesNotMatch", str(error))


def worded(request: HttpRequest, status: int, code: str, message: str) -> Answer:
    """An error in the form of the service that was called: JSON, Lambda's, XML of the query protocol, or S3's."""
    if "x-amz-target" in request.headers:
        body = json.dumps({"__type": code, "message": message, "Message": message})
        return status, {"content-type": "application/x-amz-json-1.1", "x-amzn-errortype": code}, body.encode()
    if request.path.startswith(PREFIX):
        body = json.dumps({"Message": message})
        return status, {"content-type": "application/json", "x-amzn-errortype": code}, body.encode()
    told = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if _is_query(request):
        error = f"<Error><Type>Sender</Type>{told}</Error><RequestId>{uuid.uuid4()}</RequestId>"
        return status, {"content-type": "text/xml"}, f"<ErrorResponse>{error}</ErrorResponse>".encode()
    return status, {"content-type": "application/xml"}, f"<Error>{told}</Error>".encode()


def _is_query(request: HttpRequest) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
