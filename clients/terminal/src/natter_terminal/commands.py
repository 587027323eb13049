"""The command palette: conversations by name, and what one can do."""

from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

if TYPE_CHECKING:
    from natter_terminal.app import NatterApp

ACTIONS = (
    ("Search everywhere", "search", "what was said, on this device (Ctrl+F)"),
    ("Search here", "search_here", "in the open conversation"),
    ("Next unread conversation", "next_unread", "Ctrl+N"),
    ("Begin a conversation", "begin", "with somebody, by user name"),
    ("Reply", "reply", "to the selected message (r)"),
    ("React", "react", "to the selected message (+)"),
    ("Edit", "edit", "the selected message (e)"),
    ("Delete", "delete", "the selected message (d)"),
    ("Copy", "copy", "the selected message (c)"),
    ("Send a file", "attach", "by its path (Ctrl+O)"),
    ("Save a file", "save", "that the selected message shows (s)"),
    ("Stop files", "stop_files", "that are under way (Ctrl+T)"),
    ("Show or hide the list", "toggle_list", "Ctrl+B"),
    ("Archive or bring back", "archive", "the open conversation"),
    ("Mute or unmute", "mute", "the open conversation"),
    ("Sign out", "sign_out", "of this device"),
)
MOST = 20


class Conversations(Provider):
    async def discover(self) -> Hits:
        if (screen := self._app.chat) is not None:
            for title, action, help_text in ACTIONS:
                yield DiscoveryHit(title, screen.runner(action), help=help_text)

    async def search(self, query: str) -> Hits:
        screen, matcher = self._app.chat, self.matcher(query)
        if screen is None:
            return
        # First: Enter takes what is there, and who types fast does not wait for all of it.
        for entry in self._app.inbox.entries(query)[:MOST]:
            yield Hit(
                1 + matcher.match(entry.title),
                Content(entry.title),
                screen.opener(entry.conversation_id),
                text=entry.title,
            )
        for title, action, help_text in ACTIONS:
            if (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), screen.runner(action), help=help_text)

    @property
    def _app(self) -> "NatterApp":
        return cast("NatterApp", self.app)
