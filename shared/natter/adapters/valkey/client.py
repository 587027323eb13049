"""
Valkey: one client per execution environment, made at the first call that reaches it.

ElastiCache Serverless speaks the cluster's protocol but shows one endpoint that owns all slots, so the plain client
does, at a fraction of the cluster client's CPU (docs/decisions/0005). Commands across slots are refused all the same.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, override

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import (
    AskError,
    ClusterError,
    ConnectionError,  # noqa: A004
    ExecAbortError,
    InvalidResponse,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TimeoutError,  # noqa: A004
    TryAgainError,
    WatchError,
)
from redis.retry import Retry

from natter.domain.errors import Unavailable
from natter.settings import ValkeySettings

if TYPE_CHECKING:
    from botocore.credentials import Credentials

_TOKEN_LIFE_S = 900  # the most that ElastiCache takes; it is needed only while a connection is made


_OUTAGES = (
    ConnectionError,  # also LOADING, and a login that is refused: its password is of this minute
    TimeoutError,
    ClusterError,  # CLUSTERDOWN, MASTERDOWN: slots without a server
    AskError,  # also MOVED: slots that are, or were just now, on their way to another
    TryAgainError,  # keys of one slot that are half on their way
    ReadOnlyError,  # a primary that was one a moment ago
    OutOfMemoryError,
    ExecAbortError,  # one of these, at the end of a transaction; mistakes are reported before
    NoScriptError,  # a server that has just begun
    WatchError,  # somebody else was faster
    InvalidResponse,  # the connection is of no more use
    OSError,
)
_PASSING = re.compile(r"(?:^|caused error: )(?:BUSY|MISCONF|NOREPLICAS|UNBLOCKED|max number of clients)\b")
"""Answers that say so and have no class of their own; in a pipeline the command stands before them."""


@contextmanager
def valkey_errors() -> Iterator[None]:
    """Translate what an outage looks like. Errors that mean a mistake of ours (a key of another type) pass through."""
    try:
        yield
    except _OUTAGES as error:
        raise Unavailable("cache") from error
    except ResponseError as error:
        if _PASSING.search(str(error)) is None:
            raise
        raise Unavailable("cache") from error


@dataclass(frozen=True, kw_only=True)
class IamLogin(CredentialProvider):
    """Signs in to ElastiCache Serverless with the function's role: the password is a presigned request."""

    credentials: "Callable[[], Credentials]"
    region: str
    user: str
    cache: str

    def get_credentials(self) -> tuple[str, str]:
        from botocore.auth import SigV4QueryAuth  # noqa: PLC0415 - only on AWS
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        request = AWSRequest(
            method="GET",
            url=f"https://{self.cache}/",
            params={"Action": "connect", "User": self.user, "ResourceType": "ServerlessCache"},
        )
        SigV4QueryAuth(self.credentials(), "elasticache", self.region, expires=_TOKEN_LIFE_S).add_auth(request)
        return self.user, str(request.url).removeprefix("https://")


def unexpired(client: Any, keys: Iterable[str], now_ms: int) -> list[list[str]]:
    """Of each sorted set that is scored by when its members expire, those that have not."""
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.zrangebyscore(key, now_ms, "+inf")
    members: list[list[str]] = pipeline.execute()
    return members


class _Together(Retry):
    """
    Once more on a new line, where one turns out to be dead; those that lie idle beside it go with it.

    They have lain there as long. Left alone, each would cost whoever takes it next a time-out of its own.
    """

    def __init__(self, drop_idle: Callable[[], None]) -> None:
        super().__init__(ExponentialWithJitterBackoff(base=0.01, cap=0.1), retries=1)
        self._drop_idle = drop_idle

    @override
    def call_with_retry(self, do: Callable[[], Any], fail: Callable[..., Any], *how: Any, **more: Any) -> Any:
        def failed(*error: Any) -> None:
            fail(*error)
            self._drop_idle()

        return super().call_with_retry(do, failed, *how, **more)

    def __deepcopy__(self, _memo: Any) -> "_Together":
        """Every line of the pool gets one, and this one knows nothing of lines."""
        return self


class Valkey:
    """
    Gives out the client.

        with valkey.client() as client:
            client.get(...)

    Sharing: safe across threads.
    """

    def __init__(self, settings: ValkeySettings, login: Callable[[], CredentialProvider | None]) -> None:
        self._settings = settings
        self._login = login
        self._client: Redis | None = None
        self._lock = threading.Lock()

    @contextmanager
    def client(self) -> Iterator[Any]:
        """
        The client, for the calls inside the block.

        Typed Any: the client's own annotations allow an awaitable for every answer.

        Raises:
            Unavailable: no answer in time; what was asked may have happened.
        """
        with valkey_errors():
            yield self._connected()

    def warm(self) -> None:
        """Connect, so that the first request does not have to. Raises Unavailable."""
        with self.client() as client:
            client.ping()

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _drop_idle(self) -> None:
        client = self._client
        if client is not None:
            client.connection_pool.disconnect(inuse_connections=False)

    def _connected(self) -> Redis:
        with self._lock:
            if self._client is None:
                host, _, port = self._settings.endpoint.rpartition(":")
                self._client = Redis(
                    host=host,
                    port=int(port),
                    ssl=self._settings.auth == "iam",
                    credential_provider=self._login(),
                    socket_timeout=self._settings.timeout_s,
                    socket_connect_timeout=self._settings.timeout_s,
                    retry=_Together(self._drop_idle),
                    decode_responses=True,
                    protocol=2,
                )
            return self._client
