"""`Line` by WebSockets, in the words of the public protocol."""

import json
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from natter.adapters.outside.http import left_s
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.ports.visiting import Failure, Line

CLOSE_TIMEOUT_S = 1.0
MAX_FRAME = 128 * 1024

type Frame = dict[str, Any]


class WebSocketLine:
    """Keeps every frame that has come: what is waited for may have been there before."""

    def __init__(self, connection: ClientConnection, leaving: ExitStack) -> None:
        """`leaving` closes the connection."""
        self._connection, self._leaving = connection, leaving
        self._frames: list[Frame] = []
        self._asked = 0

    @classmethod
    def open(cls, url: str, *, tls: Callable[[], ssl.SSLContext], deadline: float) -> Self:
        """
        Raises:
            Failure: it was refused, or not in time.
        """
        left = left_s(deadline, time.monotonic, "$connect")
        try:
            with ExitStack() as leaving:
                connection = leaving.enter_context(
                    connect(
                        url,
                        ssl=tls() if url.startswith("wss:") else None,
                        compression=None,
                        proxy=None,
                        open_timeout=left,
                        close_timeout=CLOSE_TIMEOUT_S,
                        ping_interval=None,
                        max_size=MAX_FRAME,
                    )
                )
                return cls(connection, leaving.pop_all())
        except InvalidStatus as error:
            raise Failure(f"$connect: {error.response.status_code}") from None  # its text has the ticket
        except (WebSocketException, OSError, ValueError) as error:
            raise Failure(f"$connect: {type(error).__name__}") from None

    def ping(self, *, deadline: float) -> None:
        self._ask({"action": "ping"}, deadline=deadline)

    def send(self, conversation: ConversationId, client_id: ClientId, words: str, *, deadline: float) -> None:
        said = {"client_id": client_id, "content": {"type": "text", "text": words}}
        self._ask({"action": "send", "conversation_id": conversation, "messages": [said]}, deadline=deadline)

    def receive(self, conversation: ConversationId, client_id: ClientId, *, deadline: float) -> int:
        def place(frame: Frame) -> int | None:
            if frame.get("type") != "events" or frame["conversation_id"] != conversation:
                return None
            return next((each["seq"] for each in frame["events"] if each.get("client_id") == client_id), None)

        return self._until(place, what="the event", deadline=deadline)

    def read(self, conversation: ConversationId, seq: int, *, deadline: float) -> None:
        self._ask({"action": "read", "conversation_id": conversation, "seq": seq}, deadline=deadline)

    def see_read(self, conversation: ConversationId, by: UserId, seq: int, *, deadline: float) -> None:
        def seen(frame: Frame) -> bool | None:
            if frame.get("type") != "receipt" or frame["conversation_id"] != conversation:
                return None
            return any(each["user_id"] == by and each.get("read_seq", 0) >= seq for each in frame["receipts"]) or None

        self._until(seen, what="the receipt", deadline=deadline)

    def close(self) -> None:
        self._leaving.close()

    def _ask(self, frame: Frame, *, deadline: float) -> None:
        """
        Raises:
            Failure: the answer is an error, the gateway's own, or none.
        """
        self._asked += 1
        id_, what = str(self._asked), str(frame["action"])
        try:
            self._connection.send(json.dumps(frame | {"id": id_}))
        except ConnectionClosed as error:
            raise Failure(f"{what}: {_end(error)}") from None

        def answer(found: Frame) -> Frame | None:
            of_gateway = "type" not in found and "message" in found
            return found if found.get("id") == id_ or of_gateway else None

        found = self._until(answer, what=f"the answer to {what}", deadline=deadline)
        if found.get("type") in {None, "error"}:
            raise Failure(f"{what}: {found.get('code', 'an error of the gateway')}")

    def _until[Found](self, look: Callable[[Frame], Found | None], *, what: str, deadline: float) -> Found:
        position = 0
        try:
            while True:
                for frame in self._frames[position:]:
                    if (found := look(frame)) is not None:
                        return found
                position = len(self._frames)
                self._frames.append(json.loads(self._connection.recv(timeout=left_s(deadline, time.monotonic, what))))
        except TimeoutError:
            raise Failure(f"{what}: not in time") from None
        except ConnectionClosed as error:
            raise Failure(f"{what}: {_end(error)}") from None
        except (ValueError, LookupError, TypeError, AttributeError):
            raise Failure(f"{what}: a frame that is none") from None


def _end(error: ConnectionClosed) -> str:
    code = error.rcvd.code if error.rcvd is not None else "nothing"
    return f"the connection was closed with {code}"


_: type[Line] = WebSocketLine
