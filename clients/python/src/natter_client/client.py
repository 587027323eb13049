"""`Client`: one user on one device, for as long as its context lasts."""

import asyncio
import collections
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from natter_client import files
from natter_client.actions import Action, Call, Close, Notice, Open, Transmit
from natter_client.api import Http, Session, tokens_of
from natter_client.conversation import Conversation
from natter_client.core.part import Given
from natter_client.engine import SYNCED, Engine
from natter_client.errors import NatterError, NotFound, SignedOut, Unavailable
from natter_client.events import Attachment, ClientEvent, FileDetails, Synced, logged, noticed
from natter_client.frames import readable_answer
from natter_client.locks import FileLock
from natter_client.sockets import Sockets
from natter_client.store import ACCOUNT, TOKENS, Store
from natter_client.tasks import Tasks

LOOK_S = 0.25
"""How often to look whether another process has written into the store, or has ended leading."""
JUMP_S = 30.0
"""Of the clock against its own running on: this machine has slept, and sockets are in doubt."""
MOST_WAITING = 1000
"""Of things that pass (typing, presence, …) which a reader of `events` has not taken yet; the oldest go."""


async def sign_up(url: str, username: str, password: str, *, display_name: str | None = None) -> str:
    """
    Make an account at the deployment whose `HttpUrl` is `url`; its user id.

    Raises:
        UsernameTaken
        BadRequest: name or password are not as they have to be (3-32 of a-z 0-9 _ . and 10-128 characters).
        Forbidden: an identity provider signs people in there.
        NatterError
    """
    shown = {} if display_name is None else {"display_name": display_name}
    async with Http(url) as http:
        made = await http.call("POST", "/v1/users", {"username": username, "password": password, **shown})
    return str(made["user_id"])


class Client:
    """
    Keeps a store up to date and sends what is written into it.

    `store` is one file for one user on one device; it is made if there is none, and everything goes on where it was.
    Name and password are needed for a store without a session. Several processes may use one store: one of them, the
    first, has the connection; the others read, and write through it, and take over when it ends.
    """

    def __init__(
        self,
        url: str,
        *,
        store: str | Path,
        username: str | None = None,
        password: str | None = None,
        device: str = "Python",
    ) -> None:
        """`url` is the deployment's `HttpUrl`, `device` the name that the user sees in their list of sessions."""
        self._url, self._path, self._device = url, Path(store), device
        self._username, self._password = username, password
        self._began = time.time() * 1000, time.monotonic()
        self._engine: Engine | None = None
        self._timed = asyncio.Event()
        self._watchers: dict[str, asyncio.Event] = {}
        self._readers: list[collections.deque[ClientEvent]] = []
        self._is_synced = False

    async def __aenter__(self) -> Self:
        """
        Open the store, sign in if it holds no session, and begin to connect; does not wait for a connection.

        Raises:
            BadCredentials: wrong name or password.
            Unreachable: there is no session yet, and no network to begin one.
            SignedOut: there is no session, and neither name nor password.
            ValueError: the store is somebody else's, or of another deployment.
        """
        self.store = Store(self._path)
        self._tasks = Tasks()
        self._tasks.open()
        self._http = Http(self._url)
        self._leads = FileLock(self._path.with_name(self._path.name + ".leader-lock"))
        self._sockets = Sockets(self._tasks, self)
        try:
            await self._sign_in()
            self._session = Session(self._http, self.store, self._tasks, self._now_ms)
            self._lead()
            self._tasks.start(self._time())
            self._tasks.start(self._look())
            self._tasks.start(self._end())
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        try:
            try:
                if hasattr(self, "_session"):
                    await self._session.settle()
            finally:
                await self._tasks.close()
        finally:
            await self._http.__aexit__(None, None, None)
            self._leads.release()
            if hasattr(self, "_session"):
                self._session.close()
            self.store.close()

    async def _sign_in(self) -> None:
        account = self.store.get(ACCOUNT)
        if account is not None and self._username not in {None, account["username"]}:
            raise ValueError(f"{self._path} belongs to {account['username']}")
        if account is not None and account["url"].rstrip("/") != self._url.rstrip("/"):
            raise ValueError(f"{self._path} belongs to {account['url']}")
        if account is None or self.store.get(TOKENS) is None:
            if self._username is None or self._password is None:
                raise SignedOut("there is no session in the store")
            device = {"name": self._device, "platform": "other"}
            if account is not None:
                device["device_id"] = account["device_id"]
            body = {"username": self._username, "password": self._password, "device": device}
            answer = await self._http.call("POST", "/v1/sessions", body)
            if account is not None and answer["user_id"] != account["user_id"]:
                raise ValueError(f"{self._path} belongs to another user of this name")
            account = {"username": self._username, "url": self._url}
            account |= {name: answer[name] for name in ("user_id", "device_id", "session_id")}
            with self.store.transaction():
                self.store.put(ACCOUNT, account)
                self.store.put(TOKENS, tokens_of(answer, self._now_ms()))
        self.user_id: str = account["user_id"]
        self.device_id: str = account["device_id"]
        self.username: str = account["username"]

    # what a user does

    def events(self, consumer: str | None = None) -> AsyncGenerator[ClientEvent]:
        """
        Everything that happens from this call on, one after the other.

        What is in the log (messages, reactions, members, …) comes from the store: in the order of each conversation,
        however slow the reader is. With the name of a `consumer` it goes on after a restart where that consumer was,
        and tells again what it was doing when it ended: each at least once. What passes (typing, presence, states)
        is told while it is fresh.

        Raises:
            SignedOut: the session has ended.
        """
        revision = self.store.consumed(consumer) if consumer is not None else None
        if revision is None:
            revision = self.store.revision()
            if consumer is not None:
                self.store.consume(consumer, revision)
        passing: collections.deque[ClientEvent] = collections.deque(maxlen=MOST_WAITING)
        self._readers.append(passing)
        return self._told(consumer, revision, passing)

    async def _told(
        self, consumer: str | None, revision: int, passing: collections.deque[ClientEvent]
    ) -> AsyncGenerator[ClientEvent]:
        try:
            while True:
                news = self._watch("events")
                changes = self.store.changes(revision)
                for change in changes:
                    self._raise_if_signed_out()
                    event = logged(change.conversation_id, change.event, is_new=change.is_new)
                    if event is not None:
                        yield event
                    revision = change.revision
                    self._raise_if_signed_out()  # what was done meanwhile may have failed: it comes again
                    if consumer is not None:
                        self.store.consume(consumer, revision)
                if changes:
                    continue  # what passed meanwhile is told after what is in the log
                if passing:
                    yield passing.popleft()
                    continue
                self._raise_if_signed_out()
                await news.wait()
        finally:
            self._readers.remove(passing)

    async def synced(self) -> None:
        """
        Wait until everything that was missed is there, for the first time in this context. In a process that does not
        lead: until that was so once.

        Raises:
            SignedOut: the session has ended.
        """
        while not self._is_synced and (self.is_leading or not self.store.get(SYNCED)):
            self._raise_if_signed_out()
            await self._watch("synced").wait()

    def conversations(self) -> list[Conversation]:
        """All that the store knows."""
        return [self.conversation(name) for name in self.store.conversation_ids()]

    def conversation(self, conversation_id: str) -> Conversation:
        return Conversation(self, conversation_id)

    async def direct(self, username: str) -> Conversation:
        """
        The conversation with somebody, begun if there is none.

        Raises:
            NotFound: there is nobody of that name, or nobody whom one may reach.
        """
        found = await self.request("GET", f"/v1/users?username={quote(username, safe='')}")
        if not found["items"]:
            raise NotFound(f"username: {username}")
        members = [found["items"][0]["user_id"]]
        made = await self.request("POST", "/v1/conversations", {"kind": "direct", "members": members})
        return self.conversation(made["conversation_id"])

    async def group(self, title: str, *user_ids: str) -> Conversation:
        """Begin a group."""
        body = {"kind": "group", "title": title, "members": list(user_ids)}
        return self.conversation((await self.request("POST", "/v1/conversations", body))["conversation_id"])

    async def request(self, method: str, path: str, body: Any = None) -> Any:
        """
        Any call of the HTTP API, signed in; the answer's JSON.

        Raises:
            NatterError
        """
        return await self._session.call(method, path, body)

    async def attachment_details(self, attachment: Attachment) -> FileDetails:
        """
        Name, type and size of a file.

        Raises:
            NotFound: no message that one may read shows it (any more).
        """
        return await files.details(self.request, attachment)

    async def save_attachment(
        self, attachment: Attachment, path: str | Path, *, progress: files.Progress | None = None
    ) -> Path:
        """
        Bring a file (`Message.attachment`) to `path`, in the place of what is there; in a folder it has its own name,
        or one like it if that is taken. Where it is then. Until it is complete it is beside, under another name; with
        an error, or cancelled, nothing is left. What breaks off goes on with a fresh link until this is cancelled.

        Raises:
            NotFound: no message that one may read shows it (any more).
            FileRefused: the store does not hand it out.
            SignedOut: the session has ended.
            OSError: it cannot be written.
        """
        return await files.download(self.request, attachment, Path(path), progress)

    def watch(self, *user_ids: str) -> None:
        """Whom one wants to see from now on (the first 100): `PresenceChanged` tells how they are."""
        self._command("presence", {"type": "watch", "user_ids": user_ids})

    def set_status(self, state: str) -> None:
        """`online` or `away`, on this device."""
        self._command("presence", {"type": "status", "state": state})

    async def sign_out(self, *, drop_unsent: bool = False) -> int:
        """
        End the session. What is unsent stays in the store, for a later session of the same user, unless it is to be
        dropped; how many that are.
        """
        await self.request("DELETE", "/v1/sessions/current")
        self._session.end()
        unsent = [entry["client_id"] for _, entry in self.store.entries()]
        if drop_unsent:
            for client_id in unsent:
                self.store.forget(client_id, dropped=True)
        return len(unsent)

    @property
    def is_leading(self) -> bool:
        """Whether this process has the connection."""
        return self._engine is not None

    # for Conversation and Sent

    def write(self, entry: Mapping[str, Any]) -> None:
        """Keep a command; it is sent as soon as that is possible, by whoever leads."""
        self._raise_if_signed_out()
        engine = self._engine
        if engine is not None:
            self._do(self._stepped(lambda: engine.write(self._now_ms(), entry)))
        else:
            self.store.save(entry)

    def command(self, part: str, given: Given, conversation: str = "") -> None:
        """To a part of the core; only of the process that leads."""
        self._command(part, given, conversation)

    def watcher(self, key: str) -> asyncio.Event:
        """Set when what `key` names has changed."""
        self._raise_if_signed_out()
        return self._watch(key)

    def _command(self, part: str, given: Given, conversation: str = "") -> None:
        engine = self._engine
        if engine is not None:
            self._do(self._stepped(lambda: engine.command(self._now_ms(), part, given, conversation)))

    def _stepped(self, step: Callable[[], list[Action]]) -> list[Action]:
        """A step that a user takes: it fails for them, and the client ends, since memory and store may differ."""
        try:
            return step()
        except Exception as error:
            self._tasks.start(_raise(error))
            raise

    def _raise_if_signed_out(self) -> None:
        if self._session.signed_out.is_set():
            raise SignedOut("the session has ended")

    # the socket's words

    def opened(self, socket: int) -> None:
        if self._engine is not None:
            self._do(self._engine.opened(self._now_ms(), socket))

    def closed(self, socket: int) -> None:
        if self._engine is not None:
            self._do(self._engine.closed(self._now_ms(), socket))

    def arrived(self, socket: int, frame: Mapping[str, Any]) -> None:
        if self._engine is not None:
            self._do(self._engine.frame(self._now_ms(), socket, frame))

    # inside

    def _now_ms(self) -> int:
        """
        The time of the clock at the beginning, running on evenly: setting it back stops no timer. What it is ahead
        after sleep, in which nothing runs on, is made up for in `_look`.
        """
        wall_ms, monotonic = self._began
        return int(wall_ms + 1000 * (time.monotonic() - monotonic))

    def _ahead_s(self) -> float:
        """Of the clock before the one here that runs on evenly: it grows while this machine sleeps."""
        return time.time() - self._now_ms() / 1000

    def _lead(self) -> None:
        if self._engine is None and self._leads.try_acquire():
            self._engine = Engine(self.store, self.user_id, random.SystemRandom().random, self._now_ms())
            self._command("session", {"type": "connect"})

    def _do(self, actions: list[Action]) -> None:
        self._timed.set()
        for action in actions:
            match action:
                case Call():
                    self._tasks.start(self._call(action))
                case Open(number, url):
                    self._sockets.open(number, url)
                case Close(number):
                    self._sockets.close(number)
                case Transmit(number, frame):
                    self._sockets.send(number, frame)
                case Notice(name, fields):
                    self._tell(name, fields)

    async def _call(self, call: Call) -> None:
        assert self._engine is not None
        try:
            answer = readable_answer(call.purpose[0], await self._session.call(call.method, call.path, call.body))
            if answer is None:
                raise Unavailable(f"{call.purpose[0]}: not what was asked for")
        except SignedOut:
            return  # `_end` sees to it
        except NatterError as error:
            after_ms = None if error.retry_after_s is None else int(1000 * error.retry_after_s)
            self._do(self._engine.failed(self._now_ms(), call, error.status, after_ms))
        else:
            self._do(self._engine.answered(self._now_ms(), call, answer))

    def _tell(self, name: str, fields: Mapping[str, Any]) -> None:
        event = noticed(name, fields)
        if isinstance(event, Synced):
            self._is_synced = True
            self._poke("synced")
        if name == "state" and fields["state"] == "signed_out":
            self._session.end()
        if event is not None:
            for reader in self._readers:
                reader.append(event)
        self._poke("events")
        for key in ("client_id", "conversation_id"):
            if key in fields:
                self._poke(fields[key])

    def _watch(self, key: str) -> asyncio.Event:
        return self._watchers.setdefault(key, asyncio.Event())

    def _poke(self, *keys: str) -> None:
        for key in keys or tuple(self._watchers):
            if (event := self._watchers.pop(key, None)) is not None:
                event.set()

    async def _time(self) -> None:
        """Wake the core when it wants to be."""
        while True:
            self._timed.clear()
            wake_at = self._engine.wake_at if self._engine is not None else None
            delay_s = None if wake_at is None else max(0, wake_at - self._now_ms()) / 1000
            try:
                async with asyncio.timeout(delay_s):
                    await self._timed.wait()
            except TimeoutError:
                if self._engine is not None:
                    self._do(self._engine.wake(self._now_ms()))

    async def _look(self) -> None:
        """See what other processes have done to the store, lead when nobody does any more, and see the clock jump."""
        ahead_s = self._ahead_s()
        while True:
            await asyncio.sleep(LOOK_S)
            if abs(self._ahead_s() - ahead_s) > JUMP_S:
                if self._ahead_s() > JUMP_S:
                    self._began = time.time() * 1000, time.monotonic()
                ahead_s = self._ahead_s()
                self._command("session", {"type": "nudge"})
            if self._engine is None:
                self._lead()
            if self.store.changed_elsewhere():
                self._session.changed()
                if self._engine is not None:
                    self._do(self._engine.look(self._now_ms()))
                self._poke()

    async def _end(self) -> None:
        """Sign out here when the session has ended."""
        await self._session.signed_out.wait()
        self._command("session", {"type": "signed_out"})
        self._poke()


async def _raise(error: BaseException) -> None:
    raise error
