"""The screen one is on: the list, what was said, and where one writes."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import AppFocus
from textual.screen import Screen
from textual.widgets import Input, Static

from natter_client import (
    ClientEvent,
    ConversationLeft,
    HistorySkipped,
    LogEvent,
    MessageChanged,
    MessageReceived,
    PresenceChanged,
    StateChanged,
    Synced,
    TypingChanged,
)
from natter_terminal.reader import Reader
from natter_terminal.safe import safe_line
from natter_terminal.screens.acting import Acting
from natter_terminal.screens.filing import Filing
from natter_terminal.screens.learning import Learning
from natter_terminal.screens.status import connection, typing
from natter_terminal.widgets.composer import Composer
from natter_terminal.widgets.conversations import Conversations
from natter_terminal.widgets.history import History

if TYPE_CHECKING:
    from natter_client import Conversation
    from natter_terminal.app import NatterApp

SOON_S = 0.03
"""What happens within that is drawn once."""
OPEN = "open"
OF_MEMBERS = frozenset({"member_added", "member_removed", "conversation_created", "role_changed", "member_erased"})


class ChatScreen(Acting, Filing, Learning, Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "search", "Search", priority=True),
        Binding("ctrl+n", "next_unread", "Next unread"),
        Binding("ctrl+b", "toggle_list", "List"),
        Binding("ctrl+k", "filter", "Go to", priority=True),
        Binding("ctrl+o", "attach", "Send a file"),
        Binding("ctrl+t", "stop_files", "Stop files"),
        Binding("ctrl+up", "messages", "Messages", priority=True),
        Binding("escape", "back", "Back", show=False),
        Binding("f1", "app.show_help_panel", "Keys"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.conversation_id: str | None = None
        self.state = "connecting"
        self._states: Mapping[str, str] = {}
        self._typing: dict[str, tuple[str, ...]] = {}
        self._changed: set[str] = set()
        self._is_due = self._is_ready = False

    @property
    def natter(self) -> "NatterApp":
        return cast("NatterApp", self.app)

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="sidebar"):
                yield Input(placeholder="go to…", id="filter")
                yield Conversations(id="list")
            with Vertical(id="main"):
                yield Static(id="title")
                yield History(id="history")
                yield Static(id="typing")
                yield Static(id="files")
                yield Static(id="mode")
                yield Composer(id="composer")
        yield Static(id="status")

    def on_mount(self) -> None:
        self.list, self.history = self.query_one(Conversations), self.query_one(History)
        self.composer = self.query_one(Composer)
        self.history.is_online = lambda: self.is_online
        self.composer.before = self.natter.book.written()
        self.natter.inbox.read_all(self.natter.now())
        self._show_list()
        last = self.natter.book.get(OPEN)
        entries = self.natter.inbox.entries()
        if last is not None and self.natter.inbox.entry(last) is not None:
            self.open(last)
        elif entries:
            self.open(entries[0].conversation_id)
        else:
            self._show_open()
        self.composer.focus()
        self._is_ready = True
        if self.natter.live.client is not None:
            self.begun()

    @property
    def is_online(self) -> bool:
        return self.state == "open"

    @property
    def conversation(self) -> "Conversation | None":
        """The open one, when there is a client to act with."""
        client = self.natter.live.client
        if client is None or self.conversation_id is None:
            return None
        return client.conversation(self.conversation_id)

    # one conversation

    def open(self, conversation_id: str, seq: int | None = None) -> None:
        """Show a conversation, from where one has read; or at a place in it."""
        natter = self.natter
        if conversation_id != self.conversation_id:
            self.leave()
            self.conversation_id = conversation_id
            natter.book.put(OPEN, conversation_id)
            reader = Reader(natter.store, natter.book, natter.me, conversation_id, zone=natter.zone, now=natter.now)
            self.history.open(reader)
            self.composer.fill(natter.book.draft(conversation_id))
            self.composer.names = list(natter.book.members(conversation_id).values())
            self.list.cursor = conversation_id
            self.learn_members(conversation_id)
            self._watch(conversation_id)
        if seq is not None and not self.history.show_place(seq):
            self.notify("that is not on this device any more", markup=False)
        self.remove_class("-list")
        self._show_list()
        self._show_open()
        self.read()

    def leave(self) -> None:
        """Keep what is half written."""
        self.end_mode()
        if self.conversation_id is not None:
            natter = self.natter
            natter.book.put_draft(self.conversation_id, self.composer.text)
            natter.inbox.read(self.conversation_id, natter.now())

    def read(self) -> None:
        """What is on the screen of somebody who looks at it was read."""
        entry = self.natter.inbox.entry(self.conversation_id or "")
        is_seen = self.history.follows and self.app.app_focus and self.app.screen is self
        if is_seen and entry is not None and entry.unread and self.natter.live.is_leading and self.conversation:
            self.conversation.mark_read()

    # what happens

    def begun(self) -> None:
        """There is a client."""
        if not self._is_ready:
            return
        if not self.natter.live.is_leading:
            self.state = "following"
        self._later(self.conversation_id)
        if self.conversation_id is not None:
            self._watch(self.conversation_id)
        if self.state == "following":
            self.learn()

    def told(self, event: ClientEvent) -> None:
        match event:
            case StateChanged(state):
                self.state = state
            case Synced():
                self.learn()
            case PresenceChanged(users):
                self._states = users
            case TypingChanged(where, user_ids):
                self._typing[where] = user_ids
            case ConversationLeft(where):
                self.natter.book.forget(where)
            case LogEvent(where, kind, fields):
                self._logged(where, kind, fields)
        name: str | None = getattr(event, "conversation_id", None)
        if isinstance(event, MessageReceived | MessageChanged):
            name = event.message.conversation_id
            self.meet(event.message.sender_id)
        if isinstance(event, HistorySkipped) and name == self.conversation_id and self.history.reader is not None:
            self.history.reader.to_end()
        self._later(name)

    def _logged(self, name: str, kind: str, fields: Mapping[str, Any]) -> None:
        if kind == "conversation_changed" and fields.get("title"):
            self.natter.book.rename(name, str(fields["title"]))
        if kind in OF_MEMBERS:
            self.learn_one(name)
            if name == self.conversation_id:
                self.learn_members(name)

    def _later(self, *names: str | None) -> None:
        """Draw what has changed, soon and once."""
        self._changed.update(name for name in names if name)
        if self._is_ready and not self._is_due:
            self._is_due = True
            self.set_timer(SOON_S, self._draw)

    def _draw(self) -> None:
        if not self.display:  # it is being closed, and what this draws to may be gone already
            return
        self._is_due = False
        changed, self._changed = self._changed, set()
        for name in changed:
            self.natter.inbox.read(name, self.natter.now())
        if self.conversation_id is not None and self.natter.inbox.entry(self.conversation_id) is None and changed:
            self.conversation_id = None
            self.history.open(None)
        elif self.conversation_id in changed or not self.history.rows:
            self.history.reload()
            self.read()
        for row in self.history.rows:
            if row.attachment_id is not None:
                self.learn_file(row)
        self._show_list()
        self._show_open()

    @work(exclusive=True, group="watch")
    async def _watch(self, conversation_id: str) -> None:
        """What no event tells: older pages, cursors, what became of what was written."""
        while await self.natter.live.changed(conversation_id):
            self._later(conversation_id)

    # drawing

    def _show_list(self) -> None:
        words = self.query_one("#filter", Input).value
        self.list.show(self.natter.inbox.entries(words), self._states, self.conversation_id)

    def _show_open(self) -> None:
        entry = self.natter.inbox.entry(self.conversation_id or "")
        title = "no conversation is open (Ctrl+P: begin one)" if entry is None else entry.title
        known = self.natter.book.conversation(self.conversation_id or "")
        state = self._states.get(entry.peer_id or "", "") if entry is not None else ""
        more = state or (f"{known.members} members" if known is not None and known.kind == "group" else "")
        self.query_one("#title", Static).update(Content(f"{title}  {more}".rstrip()))
        self._show_hint()
        unsent = sum(entry["state"] in {"queued", "acked"} for _, entry in self.natter.store.entries())
        text, is_offline = connection(self.state, self.natter.username, unsent, self.natter.inbox.unread)
        status = self.query_one("#status", Static)
        status.update(Content(text))
        status.set_class(is_offline, "-offline")

    def _show_hint(self) -> None:
        names = [safe_line(self.natter.book.name_of(each)) for each in self._typing.get(self.conversation_id or "", ())]
        self.query_one("#typing", Static).update(Content(typing(names) or self.hint()))

    @on(AppFocus)
    def _looked_at(self) -> None:
        self.read()

    @on(History.Moved)
    def _moved(self) -> None:
        self.read()
        self._show_hint()

    @on(History.NeedsOlder)
    def _ask_older(self) -> None:
        if self.is_online and self.conversation is not None:
            self.conversation.load_older()

    @on(Conversations.Picked)
    def _picked(self, event: Conversations.Picked) -> None:
        self.open(event.conversation_id)
        self.composer.focus()

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self._show_list()

    @on(Input.Submitted, "#filter")
    def _go_to(self) -> None:
        entries = self.natter.inbox.entries(self.query_one("#filter", Input).value)
        self._end_filter()
        if entries:
            self.open(entries[0].conversation_id)
        self.composer.focus()

    def _end_filter(self) -> None:
        found = self.query_one("#filter", Input)
        found.value = ""
        found.remove_class("-shown")

    def action_filter(self) -> None:
        self.add_class("-list")
        found = self.query_one("#filter", Input)
        found.add_class("-shown")
        found.focus()

    def action_toggle_list(self) -> None:
        self.toggle_class("-list")
        (self.list if self.has_class("-list") else self.composer).focus()

    def action_messages(self) -> None:
        self.set_focus(self.history)  # at once: the next key may be here already
        self.history.action_select(-1)

    def action_back(self) -> None:
        self._end_filter()
        self.remove_class("-list")
        self.end_mode()
        self.history.select(None)
        self.composer.focus()

    def action_next_unread(self) -> None:
        unread = [each for each in self.natter.inbox.entries() if each.rings]
        other = next((each for each in unread if each.conversation_id != self.conversation_id), None)
        if other is not None:
            self.open(other.conversation_id)

    def runner(self, action: str) -> Callable[[], Any]:
        """For the palette."""
        return getattr(self, f"action_{action}")  # type: ignore[no-any-return]

    def opener(self, conversation_id: str) -> Callable[[], None]:
        """For the palette."""
        return lambda: self.open(conversation_id)
