"""`Faults`: the one way to cause them, for tests and the command line alike."""

import asyncio
import http.client
from urllib.parse import urlsplit

from .values import Active, Fault, active_faults, one_fault

TIMEOUT_S = 120.0
"""An engine that starts again may take up to a minute, two in a row (`clear`) as long."""
PATH = "/faults"
OK = 200


class FaultError(Exception):
    """The fault was refused, or came about only in part; the message says why."""


class Faults:
    """The faults of the local cloud whose admin port is at `url`."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    async def apply(self, fault: Fault) -> None:
        """
        Cause `fault`; returns when it is in force: the killed are gone, what was restarted answers.

        Raises:
            FaultError: there is no such engine or function, it is in no state for it, or the cloud does not answer.
        """
        await self._request("POST", one_fault().dump_json(fault))

    async def active(self) -> list[Active]:
        """
        The faults in force, the oldest first.

        Raises:
            FaultError: the cloud does not answer.
        """
        return active_faults().validate_json(await self._request("GET"))

    async def clear(self) -> None:
        """
        End all faults: engines answer again, nothing is frozen, batches and posts go their way.

        Raises:
            FaultError: an engine did not start again, or the cloud does not answer.
        """
        await self._request("DELETE")

    async def _request(self, method: str, body: bytes | None = None) -> bytes:
        try:
            status, content = await asyncio.to_thread(self._exchange, method, body)
        except (OSError, http.client.HTTPException) as error:
            raise FaultError(f"the local cloud does not answer: {type(error).__name__}") from error
        if status != OK:
            raise FaultError(content.decode())
        return content

    def _exchange(self, method: str, body: bytes | None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_S)
        try:
            connection.request(method, PATH, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
