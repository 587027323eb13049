"""
Takes spans to an endpoint of OTLP over HTTP, in JSON: on AWS, that of X-Ray (CloudWatch user guide, "OTLP endpoints"),
signed as every request to AWS.

Somebody waits for the answer of the invocation that exports, so its time is short; and nothing depends on it.
"""

import logging
import time
from collections.abc import Callable

from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError

from natter.adapters.http.connection import Endpoint, HttpConnection, written
from natter.adapters.http.signing import Signer

TIMEOUT_S = 0.5
"""Of one export, with connecting."""
_TAKEN = 200
_JSON = "application/json"

_logger = logging.getLogger(__name__)


class OtlpExporter:
    """Made once for each execution environment."""

    def __init__(self, url: str, credentials: Callable[[], Credentials], region: str) -> None:
        self._signer = Signer(credentials, service="xray", region=region)
        self._endpoint = Endpoint(url)
        self._http = HttpConnection(self._endpoint)

    def __call__(self, body: bytes) -> bool:
        """Whether it was taken."""
        try:
            status = self._ask(body, time.monotonic() + TIMEOUT_S)
        except (OSError, BotoCoreError) as error:
            _logger.warning("traces are not exported: %s", type(error).__name__)
            return False
        if status != _TAKEN:
            _logger.warning("traces are not exported: status %d", status)
        return status == _TAKEN

    def _ask(self, body: bytes, deadline: float) -> int:
        if not self._http.reusable:
            self._http.close()
            self._http = HttpConnection(self._endpoint)
        path = self._endpoint.prefix
        signed = self._signer.sign("POST", self._endpoint.host, path, body, content_type=_JSON)
        self._http.send(written("POST", path, signed, body), deadline)
        return self._http.receive(deadline)
