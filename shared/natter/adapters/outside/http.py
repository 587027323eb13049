"""HTTP requests to the outside, each sent once and answered by its deadline; what is answered is JSON."""

import json
import ssl
import time
from collections.abc import Callable
from typing import Any

import urllib3

from natter.ports.visiting import Failure


class Http:
    """Connections to one origin, in use by one thread."""

    def __init__(
        self, url: str, tls: Callable[[], ssl.SSLContext], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url, self._clock = url.rstrip("/"), clock
        self._pool = urllib3.PoolManager(retries=False, ssl_context=tls())

    def close(self) -> None:
        self._pool.clear()

    def answer(
        self, method: str, path: str, body: Any = None, *, what: str, deadline: float, token: str | None = None
    ) -> tuple[int, Any]:
        """
        Status, and the JSON that came with it. `what` is what a failure calls the request.

        Raises:
            Failure: nothing came in time, or no JSON.
        """
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = self._pool.request(
                method,
                self._url + path,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=urllib3.Timeout(total=left_s(deadline, self._clock, what)),
                redirect=False,
            )
            return answer.status, json.loads(answer.data) if answer.data else None
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise Failure(f"{what}: {type(error).__name__}") from error

    def expect(
        self, method: str, path: str, body: Any = None, *, what: str, deadline: float, token: str | None = None
    ) -> Any:
        """
        The JSON of an answer that is good.

        Raises:
            Failure: there is none.
        """
        status, answer = self.answer(method, path, body, what=what, deadline=deadline, token=token)
        if not is_good(status):
            raise refused(what, status, answer)
        return answer


def is_good(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004


def refused(what: str, status: int, answer: Any) -> Failure:
    code = answer.get("code") if isinstance(answer, dict) else None
    return Failure(f"{what}: {status}{f' {code}' if isinstance(code, str) else ''}")


def left_s(deadline: float, clock: Callable[[], float], what: str) -> float:
    """
    Seconds until `deadline`.

    Raises:
        Failure: there are none.
    """
    left = deadline - clock()
    if left <= 0:
        raise Failure(f"{what}: no time is left for it")
    return left
