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
        body = json.dumps({"__type": code, "message": str(error), "Message": str(error)})
        return 400, {"content-type": "application/x-amz-json-1.1", "x-amzn-errortype": code}, body.encode()
    if request.path.startswith(PREFIX):
        code = "AccessDeniedException" if denied else "InvalidSignatureException"
        body = json.dumps({"Message": str(error)})
        return 403, {"content-type": "application/json", "x-amzn-errortype": code}, body.encode()
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        code = "AuthorizationError" if denied else "SignatureDoesNotMatch"
        told = f"<Error><Type>Sender</Type>{_told(code, error)}</Error><RequestId>{uuid.uuid4()}</RequestId>"
        return 403, {"content-type": "text/xml"}, f"<ErrorResponse>{told}</ErrorResponse>".encode()
    code = "AccessDenied" if denied else "SignatureDoesNotMatch"
    return 403, {"content-type": "application/xml"}, f"<Error>{_told(code, error)}</Error>".encode()


def _told(code: str, error: Exception) -> str:
    return f"<Code>{code}</Code><Message>{escape(str(error))}</Message>"
