"""What one does: writing, and what concerns a message. The half of the chat screen that changes something."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

import natter_client
from natter_client import NatterError
from natter_client.core.outbox import SETTLED
from natter_client.search import Found
from natter_terminal.rows import Row
from natter_terminal.safe import cut, safe_line
from natter_terminal.screens.ask import Ask
from natter_terminal.screens.search import SearchScreen
from natter_terminal.widgets.composer import Composer
from natter_terminal.widgets.history import History

if TYPE_CHECKING:
    from natter_client import Conversation, Sent
    from natter_terminal.app import NatterApp

REACTIONS = {"1": "👍", "2": "❤️", "3": "😂", "4": "🎉", "5": "😮", "6": "😢"}
HELD = "this process has no session"
NOT_LEADING = "another window of yours has the connection: do that there"
FOREVER_MS = 2**53 - 1


class Acting(Screen[None]):
    conversation_id: str | None
    history: History
    composer: Composer

    if TYPE_CHECKING:

        @property
        def natter(self) -> NatterApp: ...
        @property
        def conversation(self) -> Conversation | None: ...
        def open(self, conversation_id: str, seq: int | None = None) -> None: ...
        def _later(self, *names: str | None) -> None: ...
        def known(self, view: Mapping[str, Any]) -> None: ...

    _mode: tuple[str, Row] | None = None
    """`reply` or `edit`, and what."""
    _draft = ""
    """What was half written when an edit began."""

    # writing

    @on(Composer.Said)
    def _say(self, event: Composer.Said) -> None:
        conversation, mode = self.conversation, self._mode
        if conversation is None:
            self.notify(HELD, severity="warning", markup=False)
            return
        target = mode[1].seq if mode is not None else None
        if mode is not None and mode[0] == "edit" and target is not None:
            write = partial(conversation.edit, target, event.text)
        else:
            write = partial(conversation.write, event.text, reply_to=target, mentions=self._mentioned(event.text))
        if not self._kept(write):
            return
        if event.text in self.composer.before:
            self.composer.before.remove(event.text)
        self.composer.before.append(event.text)
        self.natter.book.wrote(event.text)
        self.end_mode(sent=True)
        self.natter.book.put_draft(conversation.conversation_id, self.composer.text)
        self.history.action_bottom()
        self._later(conversation.conversation_id)

    def _kept(self, write: "Callable[[], Sent]") -> bool:
        """Whether it is in the outbox; if not, it is said why."""
        try:
            write()
        except (ValueError, NatterError) as error:
            self.notify(safe_line(str(error)), severity="error", markup=False)
            return False
        return True

    def _mentioned(self, text: str) -> list[str]:
        members = self.natter.book.members(self.conversation_id or "")
        longest_first = sorted(members.items(), key=lambda each: -len(each[1]))
        found = []
        for user_id, name in longest_first:
            if name and f"@{name}" in text:
                found.append(user_id)
                text = text.replace(f"@{name}", "")
        return found

    @on(Composer.Typed)
    def _typed(self) -> None:
        if self._mode is None or self._mode[0] != "edit":
            self.natter.book.put_draft(self.conversation_id or "", self.composer.text)
        if self.conversation is not None and self.composer.text.strip():
            self.conversation.keystroke()
        names = [safe_line(each) for each in self.composer.candidates()[:5]]
        if names:
            self.query_one("#typing", Static).update(Content(f"Tab: @{'  @'.join(names)}"))

    def _begin_mode(self, kind: str, row: Row) -> None:
        self.end_mode()
        self._mode, self._draft = (kind, row), self.composer.text
        what = f"reply to {row.name}: {safe_line(row.text)}" if kind == "reply" else f"edit: {safe_line(row.text)}"
        line = self.query_one("#mode", Static)
        line.update(Content(cut(what, max(self.history.size.width - 14, 10)) + "  (Esc: no)"))
        line.add_class("-shown")
        self.composer.focus()

    def end_mode(self, *, sent: bool = False) -> None:
        """No reply and no edit any more; what was half written before an edit is there again."""
        mode, self._mode = self._mode, None
        self.query_one("#mode", Static).remove_class("-shown")
        if mode is not None and mode[0] == "edit":
            self.composer.fill(self._draft)
        elif sent:
            self.composer.fill("")

    # a message

    def hint(self) -> str:
        """What one can do with the selected message."""
        row = self.history.selected
        if row is None:
            return ""
        if row.seq is None:
            return "R send again  D away" if row.state in SETTLED else "D take back"
        words = ["r reply", "+ react", "c copy"]
        words += ["e edit", "d delete"] if row.is_mine else []
        words += ["s save"] if row.attachment_id is not None else []
        words += ["Enter go to what it answers"] if row.reply_to is not None else []
        return "  ".join(words)

    def _chosen(self, *, is_placed: bool = True) -> Row | None:
        """The selected message; if there is none, it is said."""
        row = self.history.selected
        if row is None or (is_placed and row.seq is None):
            self.notify("select a message first (Ctrl+Up)", markup=False)
            return None
        return row

    def action_reply(self) -> None:
        if (row := self._chosen()) is not None:
            self._begin_mode("reply", row)

    def action_edit(self) -> None:
        row = self._chosen()
        event = self.natter.store.event(self.conversation_id or "", row.seq or 0) if row is not None else None
        if row is None or event is None:
            return
        if not row.is_mine or row.is_deleted or row.attachment_id is not None:
            self.notify("only your own texts can be edited", markup=False)
            return
        self._begin_mode("edit", row)
        self.composer.fill((event.get("content") or {}).get("text", ""))

    def action_delete(self) -> None:
        row, conversation = self._chosen(is_placed=False), self.conversation
        if row is None or conversation is None:
            return
        if row.seq is None:
            self.action_drop()
            return
        self._kept(partial(conversation.delete, row.seq))
        self._later(conversation.conversation_id)

    @work
    async def action_react(self) -> None:
        row, conversation = self._chosen(), self.conversation
        if row is None or row.seq is None or conversation is None:
            return
        answer = await self.app.push_screen_wait(Ask("React with", quick=REACTIONS))
        if answer:
            is_set = any(name == safe_line(answer) and mine for name, _, mine in row.reactions)
            self._kept(partial(conversation.react, row.seq, answer, remove=is_set))
            self._later(conversation.conversation_id)

    def action_copy(self) -> None:
        if (row := self._chosen(is_placed=False)) is not None:
            self.app.copy_to_clipboard(row.text)
            self.notify("copied, if your terminal lets programs do that", markup=False)

    def action_answered(self) -> None:
        row = self._chosen()
        if row is not None and row.reply_to is not None and self.conversation_id is not None:
            self.open(self.conversation_id, row.reply_to)

    # what was refused

    def _refused(self) -> "list[Sent]":
        row, client = self.history.selected, self.natter.live.client
        if row is None or client is None or self.conversation_id is None:
            return []
        ids = [each.client_id for each in row.changes if each.state in SETTLED]
        ids += [row.client_id] if row.seq is None and row.client_id is not None else []
        return [natter_client.Sent(client, self.conversation_id, each) for each in ids]

    def action_again(self) -> None:
        if not self.natter.live.is_leading:
            self.notify(NOT_LEADING, markup=False)
            return
        for sent in self._refused():
            if sent.state in SETTLED:
                sent.retry()
        self._later(self.conversation_id)

    def action_drop(self) -> None:
        if not self.natter.live.is_leading:
            self.notify(NOT_LEADING, markup=False)
            return
        taken = [sent.cancel() for sent in self._refused()]
        if not all(taken):
            self.notify("it is under way: it cannot be taken back, but deleted", markup=False)
        self._later(self.conversation_id)

    # conversations

    def action_search(self) -> None:
        self._search_in(None)

    def action_search_here(self) -> None:
        self._search_in(self.conversation_id)

    def _search_in(self, only: str | None) -> None:
        natter = self.natter

        def title_of(name: str) -> str:
            entry = natter.inbox.entry(name)
            return entry.title if entry is not None else ""

        def name_of(user_id: str) -> str:
            return "You" if user_id == natter.me else natter.book.name_of(user_id)

        screen = SearchScreen(natter.search, title_of=title_of, name_of=name_of, only=only, zone=natter.zone)
        self.app.push_screen(screen, self._found)

    def _found(self, found: Found | None) -> None:
        if found is not None:
            self.open(found.conversation_id, found.seq)
            self.history.focus()

    @work
    async def action_begin(self) -> None:
        client = self.natter.live.client
        name = await self.app.push_screen_wait(Ask("With whom? Their user name"))
        if not name or client is None:
            return
        try:
            conversation = await client.direct(name)
            view = await self.natter.live.details(conversation.conversation_id)
        except NatterError as error:
            self.notify(safe_line(str(error)), severity="error", markup=False)
            return
        self.known(view)
        self.open(conversation.conversation_id)

    def action_archive(self) -> None:
        entry = self.natter.inbox.entry(self.conversation_id or "")
        if entry is not None:
            self._put_settings({"archived": not entry.is_archived})

    def action_mute(self) -> None:
        entry = self.natter.inbox.entry(self.conversation_id or "")
        if entry is not None:
            self._put_settings({"muted_until": None if entry.is_muted else FOREVER_MS})

    def _put_settings(self, settings: dict[str, Any]) -> None:
        self.run_worker(self._settings_put(settings))

    async def _settings_put(self, settings: dict[str, Any]) -> None:
        client = self.natter.live.client
        if client is None or self.conversation_id is None:
            return
        try:
            await client.request("PATCH", f"/v1/conversations/{self.conversation_id}/me", settings)
        except NatterError as error:
            self.notify(safe_line(str(error)), severity="error", markup=False)

    @work
    async def action_sign_out(self) -> None:
        client = self.natter.live.client
        answer = await self.app.push_screen_wait(
            Ask("Sign out of this device? What is unsent stays. (y)", quick={"y": "yes"})
        )
        if answer != "yes" or client is None:
            return
        try:
            await client.sign_out()
        except NatterError as error:
            self.notify(safe_line(str(error)), severity="error", markup=False)
