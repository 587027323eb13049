"""A conversation as a user of the client has it, and what was sent to it."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from natter_client import files
from natter_client.core.outbox import SETTLED
from natter_client.entries import is_sendable
from natter_client.errors import BY_CODE, NatterError, UnknownError, error_of
from natter_client.events import Message
from natter_client.lookup import look_up

if TYPE_CHECKING:
    from natter_client.client import Client

PAGE = 50


class Sent:
    """
    Something that was written: kept in the store already, and sent until it is placed or refused, whatever happens
    to this process. Waiting for it may be cancelled; that does not take it back.
    """

    def __init__(self, client: "Client", conversation_id: str, client_id: str) -> None:
        self._client = client
        self.conversation_id = conversation_id
        self.client_id = client_id

    @property
    def state(self) -> str:
        """
        `queued`, `acked` (in the log), `placed`, `refused`, `failed` (too old to be sent again) or
        `cancelled` (taken back, or written again by `retry`).
        """
        entry = self._client.store.entry(self.client_id)
        if entry is None:
            return "cancelled" if self._client.store.was_dropped(self.client_id) else "placed"
        return str(entry["state"])

    async def accepted(self) -> None:
        """
        Wait until it is in the log, from where nothing is lost.

        Raises:
            NatterError: it was refused, by its code.
            SignedOut: the session has ended; it is kept.
        """
        await self._until("acked", "placed", "cancelled")

    async def placed(self) -> int | None:
        """
        Wait until it has its place in the conversation, which is what everybody sees, also where so much was missed
        since that the store does not hold it; None if it was cancelled.

        Of what was accepted over seven days ago, and missed since, the log is asked: 10,000 events back; None if it is
        not among them.

        Raises:
            NatterError: it was refused, by its code. That may come after it was accepted. Or the log cannot be asked.
            SignedOut: the session has ended; it is kept.
        """
        await self._until("placed", "cancelled")
        if self.state == "cancelled":
            return None
        client = self._client
        what = self.conversation_id, client.user_id, self.client_id
        if client.store.placed(*what) is None:
            await client.synced()  # which may bring it
        seq = client.store.placed(*what)
        return await look_up(client.request, client.store, *what) if seq is None else seq

    async def delivered(self, *, to: str | None = None) -> None:
        """
        Wait until it has reached a device of somebody else, or of user `to`. Told in direct conversations only.

        Raises:
            ValueError: it was cancelled, or its place is not found any more (see `placed`).
            NatterError: it was refused.
        """
        await self._cursor("delivered_seq", to)

    async def read(self, *, by: str | None = None) -> None:
        """
        Wait until somebody else has read it, or user `by`. Told in conversations of up to 20 members.

        Raises:
            ValueError: it was cancelled, or its place is not found any more (see `placed`).
            Forbidden: the conversation has more.
            NatterError: it was refused.
        """
        await self._cursor("read_seq", by)

    def cancel(self) -> bool:
        """
        Take it back if it has never been sent, or was refused; one that has `failed` is let go of. Whether that was
        so. What was sent may be in the log, even if no answer came. Only of the process that leads.
        """
        before = self._client.store.entry(self.client_id)
        self._client.command("outbox", {"type": "cancel", "client_id": self.client_id})
        return before is not None and self.state == "cancelled"

    def retry(self) -> "Sent":
        """
        What was refused or has failed, written again.

        Raises:
            ValueError: it is neither.
            RuntimeError: this process does not lead.
        """
        if not self._client.is_leading:
            raise RuntimeError("only the process that leads can write it again")
        new_id = _fresh()
        self._client.command("outbox", {"type": "retry", "client_id": self.client_id, "as": new_id})
        if self._client.store.entry(new_id) is None:
            raise ValueError(f"it is {self.state}: there is nothing to write again")
        return Sent(self._client, self.conversation_id, new_id)

    async def _until(self, *states: str) -> None:
        while True:
            if (state := self.state) in states:
                return
            if state in SETTLED:
                raise self._error()
            await self._client.watcher(self.client_id).wait()

    def _error(self) -> NatterError:
        entry = self._client.store.entry(self.client_id) or {}
        error: Mapping[str, Any] = entry.get("error", {})
        if error.get("code") not in BY_CODE:
            return UnknownError(
                f"{error.get('code')}: sent so long ago that it could come twice; `retry` if it did not"
            )
        return error_of(error)

    async def _cursor(self, name: str, user_id: str | None) -> None:
        seq = await self.placed()
        if seq is None:
            raise ValueError(f"it is {self.state}, at a place that nobody knows: whom it has reached cannot be told")
        conversation = self._client.conversation(self.conversation_id)
        await conversation.refresh_cursors()
        while True:
            for user, cursors in conversation.cursors.items():
                if user_id in {None, user} and cursors[name] >= seq:
                    return
            await self._client.watcher(self.conversation_id).wait()


class Conversation:
    """Made by `Client`; holds nothing itself."""

    def __init__(self, client: "Client", conversation_id: str) -> None:
        self._client = client
        self.conversation_id = conversation_id

    def __repr__(self) -> str:
        return f"Conversation({self.conversation_id!r})"

    # what is there

    def messages(self, *, before: int | None = None, limit: int = PAGE) -> list[Message]:
        """Of the newest events that the store holds, or of those below a place; ascending. Works offline."""
        events = self._client.store.events(self.conversation_id, before=before, limit=limit)
        return [Message.of(self.conversation_id, event) for event in events if event["type"] == "message"]

    def message(self, seq: int) -> Message | None:
        """The message at a place, if the store holds it."""
        event = self._client.store.event(self.conversation_id, seq)
        return None if event is None or event["type"] != "message" else Message.of(self.conversation_id, event)

    def events(self, *, before: int | None = None, limit: int = PAGE) -> list[Mapping[str, Any]]:
        """As `messages`, but everything that is in the log, as in the protocol."""
        return list(self._client.store.events(self.conversation_id, before=before, limit=limit))

    def unsent(self) -> list[Mapping[str, Any]]:
        """What was written here and has no place yet, in the order of writing; with its `state`."""
        entries = (entry for _, entry in self._client.store.entries())
        return [entry for entry in entries if entry["conversation_id"] == self.conversation_id]

    @property
    def unread(self) -> int:
        return int(self._client.store.cursors(self.conversation_id).get("unread", 0))

    @property
    def read_seq(self) -> int:
        """Up to where one has read."""
        return int(self._client.store.cursors(self.conversation_id).get("read_seq", 0))

    @property
    def cursors(self) -> Mapping[str, Mapping[str, int]]:
        """How far the others are, as far as that was told: `{user_id: {read_seq, delivered_seq}}`."""
        others: Mapping[str, Mapping[str, int]] = self._client.store.cursors(self.conversation_id).get("others", {})
        return others

    async def details(self) -> Mapping[str, Any]:
        """Title, members' number, role, …: the protocol's conversation, asked for now."""
        found: Mapping[str, Any] = await self._client.request("GET", f"/v1/conversations/{self.conversation_id}")
        return found

    def load_older(self) -> None:
        """Ask for the 50 events before those that the store holds; they are in `messages` when they have come."""
        self._client.command("timeline", {"type": "older"}, self.conversation_id)

    async def refresh_cursors(self) -> None:
        """
        Ask how far everybody is.

        Raises:
            Forbidden: the conversation has more than 20 members.
        """
        found = await self._client.request("GET", f"/v1/conversations/{self.conversation_id}/cursors")
        given = {"type": "receipt", "conversation_id": self.conversation_id, "receipts": found["items"]}
        self._client.command("read_state", given)

    # what one does

    async def send(
        self, text: str, *, reply_to: int | None = None, mentions: Sequence[str] = (), client_id: str | None = None
    ) -> Sent:
        """
        Say something; returns when it is accepted. Cancelling, or the end of this process, does not take it back: it
        is in the outbox. To go on without waiting, also offline, `write`.

        Raises:
            NatterError: it was refused, by its code.
            SignedOut: the session has ended.
        """
        sent = self.write(text, reply_to=reply_to, mentions=mentions, client_id=client_id)
        await sent.accepted()
        return sent

    def write(
        self,
        text: str | Mapping[str, Any],
        *,
        reply_to: int | None = None,
        mentions: Sequence[str] = (),
        client_id: str | None = None,
    ) -> Sent:
        """
        Put a text, or any `content` of the protocol, into the outbox; returns when it is on disk. With a `client_id`
        of one's own, writing the same again changes nothing.

        Raises:
            ValueError: what is written with this `client_id` to another conversation has no place yet; or it cannot
                be sent at all, being no JSON in UTF-8 (half a surrogate pair).
        """
        content = {"type": "text", "text": text} if isinstance(text, str) else dict(text)
        fields: dict[str, Any] = {"content": content}
        if reply_to is not None:
            fields["reply_to"] = reply_to
        if mentions:
            fields["mentions"] = list(mentions)
        return self._write("send", fields, client_id)

    async def send_file(
        self,
        path: str | Path,
        *,
        text: str | None = None,
        content_type: str | None = None,
        reply_to: int | None = None,
        mentions: Sequence[str] = (),
        client_id: str | None = None,
        progress: files.Progress | None = None,
    ) -> Sent:
        """
        Upload a file, and say so with `text` as its caption; returns when the message is accepted. While uploading,
        what a retry helps is repeated, with a fresh link, until this is cancelled: then nothing is sent. Uploaded, its
        message is in the outbox as any other is; what is not shown within a day is gone, and its message is refused.
        What was written with this `client_id` before is not uploaded again.

        `content_type` is guessed by the name if it is not given. `progress` is called with the bytes that are done,
        and how many there are.

        Raises:
            FileRefused: it is too large, no file, or of no type; before anything is sent. Or the store refuses it.
            ValueError: the caption cannot be sent, before anything is; or see `write`.
            NatterError: it was refused, by its code.
            SignedOut: the session has ended.
            OSError: it cannot be read.
        """
        caption = {} if text is None else {"text": text}
        if not is_sendable(caption):
            raise ValueError("this cannot be sent: it is no JSON in UTF-8")
        sent = None if client_id is None else self._written(client_id)
        if sent is None:
            request = self._client.request
            attachment_id = await files.upload(request, self.conversation_id, Path(path), content_type, progress)
            content = {"type": "attachment", "attachment_id": attachment_id, **caption}
            sent = self.write(content, reply_to=reply_to, mentions=mentions, client_id=client_id)
        await sent.accepted()
        return sent

    def edit(self, seq: int, text: str) -> Sent:
        """Change what one's own message at `seq` says."""
        return self._write("edit", {"target_seq": seq, "content": {"type": "text", "text": text}})

    def delete(self, seq: int) -> Sent:
        return self._write("delete", {"target_seq": seq})

    def react(self, seq: int, reaction: str, *, remove: bool = False) -> Sent:
        fields: dict[str, Any] = {"target_seq": seq, "reaction": reaction}
        return self._write("react", fields | ({"remove": True} if remove else {}))

    def mark_read(self, seq: int | None = None) -> None:
        """Everything up to `seq`, or everything there is, was read. Only of the process that leads."""
        given = {"type": "read", "conversation_id": self.conversation_id, "seq": 2**53 - 1 if seq is None else seq}
        self._client.command("read_state", given)

    def keystroke(self) -> None:
        """One types: the others are told as often as it makes sense."""
        self._client.command("typing", {"type": "keystroke"}, self.conversation_id)

    def _write(self, action: str, fields: Mapping[str, Any], client_id: str | None = None) -> Sent:
        client_id = client_id or _fresh()
        if (sent := self._written(client_id)) is not None:
            return sent
        names = {"client_id": client_id, "conversation_id": self.conversation_id}
        entry = {**names, "action": action, "fields": fields, "state": "queued"}
        if not is_sendable(entry):
            raise ValueError("this cannot be sent: it is no JSON in UTF-8")
        self._client.write(entry)
        return Sent(self._client, self.conversation_id, client_id)

    def _written(self, client_id: str) -> Sent | None:
        """
        What was written with this `client_id` before.

        Raises:
            ValueError: it was to another conversation.
        """
        store = self._client.store
        entry = store.entry(client_id)
        if entry is None and store.placed(self.conversation_id, self._client.user_id, client_id) is None:
            return None
        if entry is not None and entry["conversation_id"] != self.conversation_id:
            raise ValueError("this client_id is that of something written to another conversation")
        return Sent(self._client, self.conversation_id, client_id)


def _fresh() -> str:
    return secrets.token_urlsafe(16)
