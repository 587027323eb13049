"""HTTP: every call with a deadline, an access token that is good, and errors by their codes."""

import asyncio
import json
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx2

from natter_client.core.part import Given
from natter_client.core.tokens import Tokens
from natter_client.errors import (
    Internal,
    NatterError,
    SignedOut,
    Unauthenticated,
    Unavailable,
    Unreachable,
    error_of,
)
from natter_client.frames import readable_answer
from natter_client.locks import FileLock
from natter_client.store import TOKENS, Store
from natter_client.tasks import Tasks

TIMEOUT_S = 20.0
REFRESH_S = 4.0
"""So that the same token can be tried once more within the 10 s for which it may be."""
CONNECTIONS = 8
BAD_GATEWAY = range(502, 505)
UNAUTHENTICATED = 401
GATEWAY_RETRY_S = 1.0
"""API Gateway's own 429 does not say when: by the protocol first after a second."""


class Http:
    """Calls without a token."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._client = httpx2.AsyncClient(
            timeout=TIMEOUT_S, limits=httpx2.Limits(max_connections=CONNECTIONS), follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, timeout_s: float = TIMEOUT_S
    ) -> Any:
        """
        The answer's JSON, None if it has none.

        Raises:
            Unreachable: no answer within `timeout_s`. It may have been carried out all the same.
            NatterError: it was refused, by its code.
        """
        headers = {"Accept": "application/json", "Content-Type": "application/json"}  # else links are redirects
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._client.request(method, self.url + path, content=content, headers=headers)
        except (httpx2.TransportError, TimeoutError) as error:
            raise Unreachable(type(error).__name__) from error
        if answer.is_success:
            return _body(answer)
        raise _refusal(answer)


def _body(answer: httpx2.Response) -> Any:
    try:
        return answer.json() if answer.content else None
    except (ValueError, RecursionError):  # of a portal or proxy on the way
        raise Unavailable(f"HTTP {answer.status_code} without JSON") from None


def _refusal(answer: httpx2.Response) -> NatterError:
    try:
        fields = answer.json()
    except ValueError:
        fields = None
    if isinstance(fields, dict) and isinstance(fields.get("code"), str):
        return error_of(fields)
    if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
        return Unavailable("HTTP 429", retry_after_s=GATEWAY_RETRY_S)
    if answer.status_code in BAD_GATEWAY:
        return Unavailable(f"HTTP {answer.status_code}")
    if answer.status_code == httpx2.codes.INTERNAL_SERVER_ERROR:
        return Internal("HTTP 500")
    if answer.status_code == UNAUTHENTICATED:
        return Unauthenticated("HTTP 401")
    return error_of({"code": f"http_{answer.status_code}", "detail": "no problem document"})


class Session:
    """Calls with the session's access token, refreshed by one process at a time of those that share the store."""

    def __init__(self, http: Http, store: Store, tasks: Tasks, now_ms: Callable[[], int]) -> None:
        """Refreshing takes `tasks` of its own: a call that is cancelled takes no other along."""
        self._http, self._store, self._tasks, self._now_ms = http, store, tasks, now_ms
        self._part = Tokens(store.get(TOKENS))
        self._lock = FileLock(store.path.with_name(store.path.name + ".tokens-lock"))
        self._calls: dict[str, asyncio.Future[str]] = {}
        self._refreshing: asyncio.Task[Any] | None = None
        self.signed_out = asyncio.Event()

    async def settle(self) -> None:
        """Wait for a refresh that is under way: when the server has answered, the old token is spent. At most 4 s."""
        if self._refreshing is not None and not self._refreshing.done():
            await asyncio.wait([self._refreshing])

    def close(self) -> None:
        self._lock.release()

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """
        As `Http.call`.

        Raises:
            SignedOut: the session has ended.
        """
        request = secrets.token_hex(8)
        token = await self._access({"type": "need", "id": request}, request)
        try:
            return await self._http.call(method, path, body, token=token)
        except Unauthenticated:
            token = await self._access({"type": "rejected", "id": request, "access_token": token}, request)
        return await self._http.call(method, path, body, token=token)

    def changed(self) -> None:
        """Another process has written into the store."""
        stored = self._store.get(TOKENS)
        if stored != self._part.tokens:
            self._step({"type": "changed", "tokens": stored})

    def end(self) -> None:
        """Forget the tokens: the session is over."""
        if self._part.tokens is not None:
            self._step({"type": "changed", "tokens": None})

    async def _access(self, given: Given, request: str) -> str:
        self._calls[request] = asyncio.get_running_loop().create_future()
        try:
            self._step(given)
            return await self._calls[request]
        finally:
            self._calls.pop(request).cancel()

    def _step(self, given: Given) -> None:
        for effect in self._part.step(given, self._now_ms(), _random):
            future = self._calls.get(effect.get("id", ""))
            match effect["type"]:
                case "use" if future is not None:
                    future.set_result(effect["access_token"])
                case "unavailable" if future is not None:
                    after_s = effect["retry_after_ms"] / 1000
                    future.set_exception(Unavailable("the session could not be refreshed", retry_after_s=after_s))
                case "refused" if future is not None:
                    future.set_exception(SignedOut("the session has ended"))
                case "lock":
                    self._tasks.start(self._take_lock())
                case "unlock":
                    self._lock.release()
                case "refresh":
                    self._refreshing = self._tasks.start(self._refresh(effect["refresh_token"]))
                case "save":
                    self._store.put(TOKENS, effect["tokens"])
                case "signed_out":
                    self._store.put(TOKENS, None)
                    self.signed_out.set()

    async def _take_lock(self) -> None:
        await self._lock.acquire()
        self._step({"type": "locked", "tokens": self._store.get(TOKENS)})

    async def _refresh(self, refresh_token: str) -> None:
        try:
            body = {"refresh_token": refresh_token}
            answer = await self._http.call("POST", "/v1/sessions/refresh", body, timeout_s=REFRESH_S)
            tokens = tokens_of(answer, self._now_ms())
        except NatterError as error:
            self._step(_failure(error))
            if (wake_at := self._part.wake_at) is not None:
                self._tasks.start(self._again(wake_at))
        else:
            self._step({"type": "refreshed", "tokens": tokens})

    async def _again(self, at_ms: int) -> None:
        await asyncio.sleep(max(0, at_ms - self._now_ms()) / 1000)
        self._step({"type": "wake"})


def tokens_of(answer: Any, now_ms: int) -> dict[str, Any]:
    """
    What is kept of an answer that begins or renews a session.

    Raises:
        Unavailable: it is none.
    """
    if readable_answer("tokens", answer) is None:
        raise Unavailable("an answer without tokens")
    return {
        "access_token": answer["access_token"],
        "refresh_token": answer["refresh_token"],
        "expires_at": now_ms + 1000 * answer["expires_in"],
    }


def _failure(error: NatterError) -> dict[str, Any]:
    after = {} if error.retry_after_s is None else {"retry_after_ms": int(1000 * error.retry_after_s)}
    return {"type": "refresh_failed", "status": error.status or 0, **after}


def _random() -> float:
    return secrets.randbelow(2**53) / 2**53
