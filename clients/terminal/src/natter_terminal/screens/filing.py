"""Files: sent by their path, saved by a key, with how far they are while they go."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from natter_client import Attachment, NatterError
from natter_terminal.rows import Row, size_of
from natter_terminal.safe import safe_line
from natter_terminal.screens.ask import Ask
from natter_terminal.widgets.composer import Composer

if TYPE_CHECKING:
    from natter_client import Conversation
    from natter_terminal.app import NatterApp

FOLDER = "folder"
"""The setting: where files were saved last."""


def _path(written: str) -> Path:
    """As terminals paste one: in quotes, perhaps."""
    return Path(written.strip("'\"")).expanduser()


class Filing(Screen[None]):
    conversation_id: str | None
    composer: Composer

    def __init__(self) -> None:
        super().__init__()
        self._transfers: dict[str, str] = {}
        self._asked_files: set[str] = set()

    if TYPE_CHECKING:

        @property
        def natter(self) -> NatterApp: ...
        @property
        def conversation(self) -> Conversation | None: ...
        def _later(self, *names: str | None) -> None: ...
        def _chosen(self, *, is_placed: bool = True) -> Row | None: ...

    @work
    async def action_attach(self) -> None:
        """What is half written goes with it as its caption."""
        conversation = self.conversation
        if conversation is None:
            return
        answer = await self.app.push_screen_wait(Ask("Send which file? Its path; what is half written is its caption"))
        if not answer:
            return
        self._send_file(conversation, _path(answer), self.composer.text.strip() or None)

    @work(group="files")
    async def _send_file(self, conversation: "Conversation", path: Path, caption: str | None) -> None:
        name = safe_line(path.name)
        try:
            await conversation.send_file(path, text=caption, progress=self._progress(f"sending {name}"))
        except (NatterError, OSError, ValueError) as error:
            self.notify(f"{name}: {safe_line(str(error))}", severity="error", markup=False)
        else:
            self._take_caption(caption)
        finally:
            self._done(f"sending {name}")
        self._later(conversation.conversation_id)

    def _take_caption(self, caption: str | None) -> None:
        """It has gone with its file, and need not be there any more."""
        if caption is not None and self.composer.text.strip() == caption:
            self.composer.fill("")
            self.natter.book.put_draft(self.conversation_id or "", "")

    @work
    async def action_save(self) -> None:
        row = self._chosen()
        if row is None or row.seq is None or row.attachment_id is None or self.conversation_id is None:
            self.notify("that shows no file", markup=False)
            return
        before = self.natter.book.get(FOLDER) or str(Path.home())
        answer = await self.app.push_screen_wait(Ask(f"Save {row.file} where?", value=before))
        if answer:
            attachment = Attachment(self.conversation_id, row.attachment_id)
            self._save(attachment, _path(answer), row.file)

    @work(group="files")
    async def _save(self, attachment: Attachment, path: Path, name: str) -> None:
        client = self.natter.live.client
        if client is None:
            return
        try:
            saved = await client.save_attachment(attachment, path, progress=self._progress(f"saving {name}"))
        except (NatterError, OSError) as error:
            self.notify(f"{name}: {safe_line(str(error))}", severity="error", markup=False)
            return
        finally:
            self._done(f"saving {name}")
        self.natter.book.put(FOLDER, str(saved.parent))
        self.notify(f"saved: {safe_line(str(saved))}", markup=False)

    def action_stop_files(self) -> None:
        """What is under way is given up; nothing of it is left."""
        self.workers.cancel_group(self, "files")

    # what is under way

    def _progress(self, what: str) -> Callable[[int, int], None]:
        def told(done: int, size: int) -> None:
            share = f"{100 * done // size} % of {size_of(size)}" if size else "…"
            self._transfers[what] = f"{what}: {share}"
            self._show_transfers()

        self._transfers[what] = f"{what}…"
        self._show_transfers()
        return told

    def _done(self, what: str) -> None:
        self._transfers.pop(what, None)
        if self.is_mounted:
            self._show_transfers()

    def _show_transfers(self) -> None:
        line = self.query_one("#files", Static)
        line.update(Content("  ".join(self._transfers.values()) + "  (Ctrl+T stops)"))
        line.set_class(bool(self._transfers), "-shown")

    # what a file is called

    def learn_file(self, row: Row) -> None:
        """A message says only which file it shows."""
        if row.attachment_id is None or row.seq is None or self.conversation_id is None:
            return
        if row.attachment_id in self._asked_files:
            return
        if self.natter.book.file(row.attachment_id) is None and self.natter.live.client is not None:
            self._asked_files.add(row.attachment_id)
            self._learn_file(Attachment(self.conversation_id, row.attachment_id))

    @work(group="learn-file")
    async def _learn_file(self, attachment: Attachment) -> None:
        client = self.natter.live.client
        if client is None:
            return
        try:
            found = await client.attachment_details(attachment)
        except NatterError:
            return  # it is shown as a file without a name
        self.natter.book.keep_file(attachment.attachment_id, found.name, found.size)
        self._later(attachment.conversation_id)
