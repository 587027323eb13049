"""
`Client` for scripts without asyncio: the same names, and calls that wait.

    with sync.Client("https://…", store="me.db", username="ann", password="…") as client:
        client.direct("ben").send("Hello").placed()

One thread runs the asyncio client; calls may come from any other. A call that is interrupted (Ctrl-C) takes nothing
back that was written.
"""

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from natter_client import client as asynchronous
from natter_client.conversation import Conversation as AsyncConversation
from natter_client.conversation import Sent as AsyncSent
from natter_client.events import Attachment, ClientEvent, FileDetails, Message
from natter_client.files import Progress

__all__ = ["Client", "Conversation", "Sent"]


class Client:
    """As `natter_client.Client`; `timeout_s` (None: none) is how long any call may wait before `TimeoutError`."""

    def __init__(
        self,
        url: str,
        *,
        store: str | Path,
        username: str | None = None,
        password: str | None = None,
        device: str = "Python",
        timeout_s: float | None = None,
    ) -> None:
        self._client = asynchronous.Client(url, store=store, username=username, password=password, device=device)
        self._timeout_s = timeout_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="natter-client", daemon=True)
        self._leaving: asyncio.Event
        self._inside: Future[None] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        entered: Future[None] = Future()

        async def live() -> None:
            """One task enters and leaves, as structured concurrency wants it."""
            self._leaving = asyncio.Event()
            try:
                async with self._client:
                    entered.set_result(None)
                    await self._leaving.wait()
            except BaseException as error:
                if entered.done():
                    raise
                entered.set_exception(error)

        self._inside = asyncio.run_coroutine_threadsafe(live(), self._loop)
        try:
            entered.result()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._leaving.set)
        try:
            self._within().result()
        finally:
            self._stop()

    def _within(self) -> Future[None]:
        """
        Done when the client has ended.

        Raises:
            RuntimeError: it never began.
        """
        if self._inside is None:
            raise RuntimeError("a client works within its context: with sync.Client(...) as client")
        return self._inside

    def _living(self) -> Future[None]:
        """
        As `_within`.

        Raises:
            BaseException: that which has ended it.
        """
        inside = self._within()
        if inside.done():
            inside.result()
            raise RuntimeError("the client's context has been left")
        return inside

    def _stop(self) -> None:
        asyncio.run_coroutine_threadsafe(_drained(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait[Result](self, work: Coroutine[Any, Any, Result]) -> Result:
        """
        What a coroutine of the client returns, or raises.

        Raises:
            TimeoutError: it took longer than `timeout_s`.
            RuntimeError: not within the client's context.
            BaseException: that which has ended the client.
        """
        try:
            inside = self._living()
        except BaseException:
            work.close()
            raise
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            ends: list[Future[Any]] = [future, inside]
            concurrent.futures.wait(ends, self._timeout_s, concurrent.futures.FIRST_COMPLETED)
            if not future.done() and inside.done():
                inside.result()
            return future.result(0)
        except BaseException:
            future.cancel()
            raise

    def do[Result](self, call: Callable[[], Result]) -> Result:
        """The same of a function, called where the client is."""

        async def work() -> Result:
            return call()

        return self.wait(work())

    def synced(self) -> None:
        self.wait(self._client.synced())

    def events(self, consumer: str | None = None) -> Generator[ClientEvent]:
        return self._told(self.do(lambda: self._client.events(consumer)))

    def _told(self, events: AsyncGenerator[ClientEvent]) -> Generator[ClientEvent]:
        try:
            while True:
                yield self.wait(anext(events))
        finally:
            if not self._within().done():
                self.wait(events.aclose())

    def request(self, method: str, path: str, body: Any = None) -> Any:
        return self.wait(self._client.request(method, path, body))

    def conversations(self) -> list["Conversation"]:
        return [Conversation(self, each) for each in self.do(self._client.conversations)]

    def conversation(self, conversation_id: str) -> "Conversation":
        return Conversation(self, self._client.conversation(conversation_id))

    def direct(self, username: str) -> "Conversation":
        return Conversation(self, self.wait(self._client.direct(username)))

    def group(self, title: str, *user_ids: str) -> "Conversation":
        return Conversation(self, self.wait(self._client.group(title, *user_ids)))

    def attachment_details(self, attachment: Attachment) -> FileDetails:
        return self.wait(self._client.attachment_details(attachment))

    def save_attachment(self, attachment: Attachment, path: str | Path, *, progress: Progress | None = None) -> Path:
        """`progress` is called in the client's thread."""
        return self.wait(self._client.save_attachment(attachment, path, progress=progress))

    def sign_out(self, *, drop_unsent: bool = False) -> int:
        return self.wait(self._client.sign_out(drop_unsent=drop_unsent))

    @property
    def user_id(self) -> str:
        return self._client.user_id


class Conversation:
    def __init__(self, client: Client, conversation: AsyncConversation) -> None:
        self._client, self._conversation = client, conversation
        self.conversation_id = conversation.conversation_id

    def messages(self, *, before: int | None = None, limit: int = 50) -> list[Message]:
        return self._client.do(lambda: self._conversation.messages(before=before, limit=limit))

    def send(self, text: str, *, reply_to: int | None = None, mentions: Sequence[str] = ()) -> "Sent":
        """Returns when it is accepted."""
        return Sent(
            self._client, self._client.wait(self._conversation.send(text, reply_to=reply_to, mentions=mentions))
        )

    def write(self, text: str, *, client_id: str | None = None) -> "Sent":
        """Returns when it is on disk."""
        return Sent(self._client, self._client.do(lambda: self._conversation.write(text, client_id=client_id)))

    def send_file(
        self,
        path: str | Path,
        *,
        text: str | None = None,
        content_type: str | None = None,
        reply_to: int | None = None,
        mentions: Sequence[str] = (),
        client_id: str | None = None,
        progress: Progress | None = None,
    ) -> "Sent":
        """Returns when it is accepted. `progress` is called in the client's thread."""
        work = self._conversation.send_file(
            path,
            text=text,
            content_type=content_type,
            reply_to=reply_to,
            mentions=mentions,
            client_id=client_id,
            progress=progress,
        )
        return Sent(self._client, self._client.wait(work))

    def unsent(self) -> list[Mapping[str, Any]]:
        return self._client.do(self._conversation.unsent)

    @property
    def cursors(self) -> Mapping[str, Mapping[str, int]]:
        return self._client.do(lambda: self._conversation.cursors)

    def load_older(self) -> None:
        self._client.do(self._conversation.load_older)

    def edit(self, seq: int, text: str) -> "Sent":
        return Sent(self._client, self._client.do(lambda: self._conversation.edit(seq, text)))

    def delete(self, seq: int) -> "Sent":
        return Sent(self._client, self._client.do(lambda: self._conversation.delete(seq)))

    def react(self, seq: int, reaction: str, *, remove: bool = False) -> "Sent":
        return Sent(self._client, self._client.do(lambda: self._conversation.react(seq, reaction, remove=remove)))

    def mark_read(self, seq: int | None = None) -> None:
        self._client.do(lambda: self._conversation.mark_read(seq))


class Sent:
    def __init__(self, client: Client, sent: AsyncSent) -> None:
        self._client, self._sent = client, sent
        self.client_id = sent.client_id

    @property
    def state(self) -> str:
        return self._client.do(lambda: self._sent.state)

    def cancel(self) -> bool:
        return self._client.do(self._sent.cancel)

    def retry(self) -> "Sent":
        return Sent(self._client, self._client.do(self._sent.retry))

    def accepted(self) -> None:
        self._client.wait(self._sent.accepted())

    def placed(self) -> int | None:
        return self._client.wait(self._sent.placed())

    def delivered(self) -> None:
        self._client.wait(self._sent.delivered())

    def read(self) -> None:
        self._client.wait(self._sent.read())


async def _drained() -> None:
    """End what still waits in the loop: of calls that were given up."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
