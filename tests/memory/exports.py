"""`Exports`, `Archives` and `Exporter` in memory, for tests of what uses them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.ids import ConversationId, UserId
from natter.domain.privacy.requests import KEPT_MS, RUN_MS, Export, OwnData
from natter.ports.privacy import Archives, Exporter, Exports
from natter.wire.privacy import write_archive
from tests.memory.conversations import MemoryConversations


@dataclass
class Kept:
    export_id: str
    asked_at: int
    begun: bool = False
    done_at: int | None = None

    def is_over(self, at: int) -> bool:
        end = self.asked_at + RUN_MS if self.done_at is None else self.done_at + KEPT_MS
        return end <= at


class MemoryExports:
    def __init__(self, conversations: MemoryConversations) -> None:
        self.members = conversations
        self._kept: dict[UserId, Kept] = {}

    def ask(self, user: UserId, export_id: str, *, at: int) -> Export:
        kept = self._kept.get(user)
        if kept is None or kept.is_over(at):
            kept = self._kept[user] = Kept(export_id, at)
        done = kept.done_at is not None
        return Export(export_id=kept.export_id, done=done, new=kept.export_id == export_id)

    def drop(self, user: UserId, export_id: str) -> None:
        kept = self._find(user, export_id)
        if kept is not None and kept.done_at is None:
            del self._kept[user]

    def begin(self, user: UserId, export_id: str) -> bool:
        kept = self._find(user, export_id)
        if kept is None or kept.begun or kept.done_at is not None:
            return False
        kept.begun = True
        return True

    def finish(self, user: UserId, export_id: str, *, at: int) -> bool:
        kept = self._find(user, export_id)
        if kept is None:
            return False
        kept.done_at = kept.done_at or at
        return True

    def conversations(self, user: UserId) -> Sequence[ConversationId]:
        return self.members.ever_of(user)

    def forget(self, user: UserId) -> None:
        self._kept.pop(user, None)

    def _find(self, user: UserId, export_id: str) -> Kept | None:
        kept = self._kept.get(user)
        return kept if kept is not None and kept.export_id == export_id else None


class MemoryArchives:
    """Links are not of the web: `download` is what clients would do with them."""

    def __init__(self) -> None:
        self._files: dict[tuple[UserId, str], bytes] = {}

    def store(self, user: UserId, export_id: str, data: OwnData) -> None:
        file = io.BytesIO()
        write_archive(file, data)
        self._files[user, export_id] = file.getvalue()

    def link(self, user: UserId, export_id: str) -> str:
        return f"memory://{user}/{export_id}"

    def erase(self, user: UserId) -> None:
        self._files = {key: file for key, file in self._files.items() if key[0] != user}

    def download(self, link: str) -> bytes | None:
        user, _, export_id = link.removeprefix("memory://").partition("/")
        return self._files.get((UserId(user), export_id))


class MemoryExporter:
    def __init__(self) -> None:
        self.started: list[tuple[UserId, str]] = []

    def start(self, user: UserId, export_id: str) -> None:
        self.started.append((user, export_id))


_exports: type[Exports] = MemoryExports
_archives: type[Archives] = MemoryArchives
_exporter: type[Exporter] = MemoryExporter
