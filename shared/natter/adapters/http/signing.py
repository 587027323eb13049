"""
Signature Version 4 of requests without a query (IAM user guide, "Create a signed AWS API request").

As botocore makes it, for a fifth of its processor time: a key is good for a day, and these requests have few headers.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from botocore.credentials import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"


def _now() -> datetime:
    return datetime.now(UTC)


class Signer:
    """Signs with the `credentials` that hold at the moment; they may be renewed."""

    def __init__(
        self,
        credentials: Callable[[], Credentials],
        *,
        service: str,
        region: str,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._service = service
        self._region = region
        self._key_of: tuple[str | None, str] | None = None
        self._key = b""

    def sign(
        self, method: str, host: str, path: str, body: bytes, *, content_type: str | None = None
    ) -> Mapping[str, str]:
        """The headers of a request that prove who makes it; `path` as it is sent."""
        credentials = self._credentials().get_frozen_credentials()
        now = f"{self._clock():%Y%m%dT%H%M%SZ}"
        headers = {} if content_type is None else {"content-type": content_type}
        headers |= {"host": host, "x-amz-date": now}
        if credentials.token:
            headers["x-amz-security-token"] = credentials.token
        names = ";".join(headers)
        lines = "".join([f"{name}:{value}\n" for name, value in headers.items()])
        request = f"{method}\n{quote(path, safe='/~')}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{now[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"{_ALGORITHM}\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._day_key(credentials.secret_key, now[:8]), text.encode(), "sha256").hex()
        headers["authorization"] = (
            f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return headers

    def _day_key(self, secret: str | None, day: str) -> bytes:
        if self._key_of != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key_of, self._key = (secret, day), key
        return self._key
