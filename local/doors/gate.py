"""
In front of LocalStack where there is no door: some services may refuse, or hang, on purpose, while the others go on.

Only functions come through it; what the local cloud itself, or a test, asks goes past.
"""

from local.certificates import HOST
from local.faults.calls import CallFaults
from local.runtime.http1 import Exchange, HttpServer

from .onward import Onward
from .struck import struck

GATED = {"SNS": "sns", "SQS": "sqs"}
"""Services that functions reach through it, as boto3's variables call them. Of S3, clients are given links."""


class Gate:
    def __init__(self, port: int, *, behind: str, faults: CallFaults) -> None:
        """`behind` is LocalStack's URL."""
        self._port = port
        self._faults = faults
        self._onward = Onward(behind, name="gate")
        self._server = HttpServer(self._enter)

    @staticmethod
    def environment(port: int) -> dict[str, str]:
        """Of every function that is to come through the one on `port`."""
        return {f"AWS_ENDPOINT_URL_{name}": f"http://{HOST}:{port}" for name in GATED}

    async def start(self) -> None:
        """
        Serve.

        Raises:
            OSError: the port is taken.
        """
        self._onward.start()
        await self._server.start(self._port)

    async def stop(self) -> None:
        self._server.close()
        await self._onward.stop()

    def _enter(self, exchange: Exchange) -> None:
        if not struck(exchange, self._faults, self._onward):
            self._onward.hand(exchange)
