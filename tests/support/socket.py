"""One open WebSocket: sends frames, keeps every frame that arrives, waits for one with a deadline."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.confidential import heard

type Frame = dict[str, Any]

WITHIN_S = 45.0
"""How long to wait for what should come at once: only a broken system makes a test wait that long."""
OPEN_TIMEOUT_S = 20.0
CLOSE_TIMEOUT_S = 2.0
MAX_MESSAGE = 128 * 1024
GATEWAY, GATEWAY_RETRY_MS = "gateway", 500


class NotSeenError(AssertionError):
    """What a test waited for did not arrive."""


class SocketClosedError(Exception):
    """The connection ended while something was waited for."""


def text(words: str) -> Frame:
    """The content of a message of plain text."""
    return {"type": "text", "text": words}


def message(words: str, client_id: str | None = None) -> Frame:
    """One of a `send` frame's messages."""
    heard(words)
    return {"client_id": client_id or secrets.token_hex(8), "content": text(words)}


def is_gateway_failure(frame: Frame) -> bool:
    """API Gateway's own answer to a frame that it could not hand on."""
    return "type" not in frame and "message" in frame


class Socket:
    """`frames` holds all that arrived, in order; `times` when, on `time.perf_counter`."""

    def __init__(self, connection: ClientConnection) -> None:
        self.frames: list[Frame] = []
        self.times: list[float] = []
        self._connection = connection
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, url: str, *, token: str | None = None) -> Self:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection = await connect(
            url,
            additional_headers=headers,
            compression=None,
            proxy=None,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=None,
            max_size=MAX_MESSAGE,
        )
        return cls(connection)

    async def close(self) -> None:
        await self._connection.close()
        await self._reader

    async def closed(self, *, within_s: float = WITHIN_S) -> int | None:
        """The close code, when the connection has ended."""
        async with asyncio.timeout(within_s):
            await asyncio.shield(self._reader)
        return self._connection.close_code

    def forget(self) -> None:
        """All that has arrived, while nothing is waited for: whoever waits next would look through it first."""
        self.frames.clear()
        self.times.clear()

    @property
    def is_closed(self) -> bool:
        return self._reader.done()

    async def send(self, frame: Frame | str | bytes | Sequence[str]) -> None:
        """
        A frame: JSON, or raw text, or bytes, or one text in several fragments.

        Raises:
            SocketClosedError: the connection has ended.
        """
        try:
            await self._connection.send(json.dumps(frame, ensure_ascii=False) if isinstance(frame, dict) else frame)
        except ConnectionClosed as error:
            raise SocketClosedError(str(error)) from None

    async def until(self, wanted: Callable[[Frame], bool], *, since: int = 0, within_s: float = WITHIN_S) -> Frame:
        """
        The first frame that is `wanted`, of those that have arrived (from number `since` on) or that will.

        Raises:
            NotSeenError: it did not come in time.
            SocketClosedError: the connection ended first.
        """
        position = since
        try:
            async with asyncio.timeout(within_s):
                while True:
                    for frame in self.frames[position:]:
                        if wanted(frame):
                            return frame
                    position = len(self.frames)
                    if self.is_closed:
                        raise SocketClosedError(f"closed with {self._connection.close_code}")
                    await self._news.wait()
        except TimeoutError:
            raise NotSeenError(f"not within {within_s} s; the last frames were {self.frames[-3:]}") from None

    async def ask(self, frame: Frame, *, within_s: float = WITHIN_S) -> Frame:
        """Send `frame` with a fresh `id`; the answer to it."""
        request = secrets.token_hex(8)
        since = len(self.frames)
        await self.send({**frame, "id": request})
        return await self.until(
            lambda answer: answer.get("id") == request or is_gateway_failure(answer), since=since, within_s=within_s
        )

    async def insist(
        self, frame: Frame, *, within_s: float, after: Collection[str] = ("unavailable", "internal")
    ) -> Frame:
        """
        Repeat `frame` until it is accepted, as a client does after the codes `after`; the answer.

        `GATEWAY` among them: it could not hand the frame on, for its function died or took too long.
        """
        async with asyncio.timeout(within_s):
            while True:
                answer = await self.ask(frame)
                if is_gateway_failure(answer):
                    answer = {"type": "error", "code": GATEWAY, "retry_after_ms": GATEWAY_RETRY_MS, **answer}
                if answer["type"] != "error":
                    return answer
                assert answer["code"] in after, answer
                await asyncio.sleep(answer["retry_after_ms"] / 1000)

    async def ping(self) -> None:
        """Show that the connection lives."""
        answer = await self.ask({"action": "ping"})
        assert answer["type"] == "pong", answer

    async def say(self, conversation: str, *words: str | Frame, after: Collection[str] = ("unavailable",)) -> list[str]:
        """
        Send texts, or whole messages, in one frame; their client_ids, acknowledged: on a machine that is slow today
        perhaps not at once.
        """
        messages = [message(each) if isinstance(each, str) else each for each in words]
        frame = {"action": "send", "conversation_id": conversation, "messages": messages}
        answer = await self.insist(frame, within_s=2 * WITHIN_S, after=after)
        client_ids = [each["client_id"] for each in messages]
        assert answer["type"] == "ack", answer
        assert client_ids == [each["client_id"] for each in answer["accepted"]]
        return client_ids

    def shown(self, conversation: str) -> list[Frame]:
        """The events of `conversation` that were shown live, in order of arrival, repeats included."""
        return [event for frame in self.frames for event in events_of(frame, conversation)]

    async def event(self, conversation: str, client_id: str, *, within_s: float = WITHIN_S) -> Frame:
        """The live event of one message."""

        def found(frame: Frame) -> list[Frame]:
            return [event for event in events_of(frame, conversation) if event.get("client_id") == client_id]

        return found(await self.until(lambda frame: bool(found(frame)), within_s=within_s))[0]

    async def reach(self, conversation: str, seq: int, *, within_s: float = WITHIN_S) -> list[Frame]:
        """Wait for the live event at `seq`; all that was shown until then."""
        await self.until(
            lambda frame: any(event["seq"] >= seq for event in events_of(frame, conversation)), within_s=within_s
        )
        return self.shown(conversation)

    async def _read(self) -> None:
        try:
            async for data in self._connection:
                self.times.append(time.perf_counter())
                self.frames.append(json.loads(data))
                self._tell()
        except ConnectionClosed:
            pass  # the close code says how it ended
        finally:
            asyncio.get_running_loop().call_soon(self._tell)  # when the task counts as done

    def _tell(self) -> None:
        """Wake who waits now; who comes later waits for the next."""
        self._news.set()
        self._news = asyncio.Event()


def events_of(frame: Frame, conversation: str) -> Iterable[Frame]:
    if frame.get("type") == "events" and frame["conversation_id"] == conversation:
        return list(frame["events"])
    return ()
