"""The list of conversations, from what the store and the book hold: pure but for reading them."""

from collections.abc import Sequence
from dataclasses import dataclass

from natter_client.store import Standing, Store
from natter_terminal.book import Book, Known
from natter_terminal.safe import safe_line

UNNAMED = "(no title yet)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    conversation_id: str
    title: str
    kind: str = "direct"
    peer_id: str | None = None
    unread: int = 0
    at: int = 0
    """Of the last event that is held; milliseconds since the epoch."""
    is_archived: bool = False
    is_muted: bool = False
    has_draft: bool = False

    @property
    def rings(self) -> bool:
        return self.unread > 0 and not self.is_muted


class Inbox:
    """Everything at first, then what has changed."""

    def __init__(self, store: Store, book: Book) -> None:
        self._store, self._book = store, book
        self._entries: dict[str, Entry] = {}

    def read_all(self, now: int) -> None:
        known, drafts = self._book.known(), self._book.drafts()
        self._entries = {
            each.conversation_id: self._entry(
                each, known.get(each.conversation_id), now, has_draft=each.conversation_id in drafts
            )
            for each in self._store.overview()
        }

    def read(self, conversation_id: str, now: int) -> None:
        """One that may have changed, come or gone."""
        standing = next(self._store.overview(conversation_id), None)
        if standing is None:
            self._entries.pop(conversation_id, None)
            return
        known, has_draft = self._book.conversation(conversation_id), bool(self._book.draft(conversation_id))
        self._entries[conversation_id] = self._entry(standing, known, now, has_draft=has_draft)

    def entry(self, conversation_id: str) -> Entry | None:
        return self._entries.get(conversation_id)

    def entries(self, words: str = "") -> list[Entry]:
        """Unread ones first, then by what happened last; those whose title has all `words`."""
        wanted = words.casefold().split()
        found = [each for each in self._entries.values() if all(word in each.title.casefold() for word in wanted)]
        return sorted(found, key=lambda each: (each.is_archived, not each.rings, -each.at, each.conversation_id))

    @property
    def unread(self) -> int:
        """Conversations with something unread that is not muted."""
        return sum(each.rings for each in self._entries.values())

    def peers(self, most: int) -> Sequence[str]:
        """With whom one talks directly, latest first."""
        latest = sorted(self._entries.values(), key=lambda each: -each.at)
        return [each.peer_id for each in latest if each.peer_id is not None][:most]

    def _entry(self, standing: Standing, known: Known | None, now: int, *, has_draft: bool) -> Entry:
        settings = standing.settings
        return Entry(
            conversation_id=standing.conversation_id,
            title=self._title(known),
            kind=known.kind if known else "direct",
            peer_id=known.peer_id if known else None,
            unread=int(standing.cursors.get("unread", 0)),
            at=standing.at or 0,
            is_archived=bool(settings.get("archived")),
            is_muted=(settings.get("muted_until") or 0) > now or settings.get("notify") == "none",
            has_draft=has_draft,
        )

    def _title(self, known: Known | None) -> str:
        if known is None:
            return UNNAMED
        title = known.title if known.kind == "group" else self._book.name_of(known.peer_id or "")
        return safe_line(title or "") or UNNAMED
