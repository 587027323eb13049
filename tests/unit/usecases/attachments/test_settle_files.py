from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from natter.domain.attachments import UnsettledFiles
from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId, ConversationId, UserId, new_id
from natter.domain.messages.events import Head
from natter.usecases.attachments.find_message import AT_ONCE, MOST, Found
from natter.usecases.attachments.settle_files import SettleFiles
from tests.chat import Chat
from tests.files import a_file
from tests.memory.attachments import MemoryAttachments
from tests.messages import a_delete, a_post, an_edit, attached

OLD_S = 49 * 3600
"""An hour longer than Keyspaces takes timestamps for."""


class Album:
    """A group in which Ann has sent a picture, in a message at place 2."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.ann = self.chat.person("ann")
        self.lobby = self.chat.group(self.ann)
        self.cat = self.upload()
        self.post("m1")

    def upload(self) -> AttachmentId:
        """Held, as if it was sent."""
        attachment = AttachmentId(new_id())
        form = self.chat.attachments.offer(self.lobby, self.ann, attachment, a_file(b"cat"))
        assert self.chat.attachments.upload(form, b"cat")
        assert self.chat.attachments.hold(self.lobby, self.ann, [attachment]) == []
        return attachment

    def post(self, client_id: str) -> int:
        """The place of a message that shows it."""
        self.chat.say(self.lobby, self.ann, a_post(client_id, content=attached(self.cat)))
        return self.chat.seen(self.ann, self.lobby).head.seq

    def delete(self, seq: int) -> None:
        self.chat.say(self.lobby, self.ann, a_delete(f"d{seq}", seq))

    def taken(self) -> list[UnsettledFiles]:
        """What was told to the queue since."""
        told, self.chat.files.unsettled = self.chat.files.unsettled, []
        return told

    def is_kept(self, attachment: AttachmentId | None = None) -> bool:
        """After days."""
        self.chat.attachments.sweep()
        return self.chat.attachments.link(self.lobby, self.ann, attachment or self.cat) is not None

    def rows(self) -> int:
        """Places at which to look for who shows it."""
        return len(self.chat.tables.places_of_file(self.lobby, self.cat, 1, 10**6, limit=10**6))


@pytest.fixture
def album() -> Album:
    return Album()


class Meddling(MemoryAttachments):
    """Lets something happen right before or after the first time that something is kept or discarded."""

    def __init__(self, inner: MemoryAttachments, before: Callable[[], None], after: Callable[[], None]) -> None:
        self.__dict__.update(vars(inner))
        self._before, self._after = [before], [after]

    def keep(
        self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]
    ) -> Collection[AttachmentId]:
        while attachments and self._before:
            self._before.pop()()
        missing = super().keep(conversation, uploader, attachments)
        while attachments and self._after:
            self._after.pop()()
        return missing

    def discard(self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]) -> None:
        while attachments and self._before:
            self._before.pop()()
        super().discard(conversation, uploader, attachments)
        while attachments and self._after:
            self._after.pop()()


class ByTheClock(SettleFiles):
    """Forgets where a file was shown with the time of the clock: what the log has from a broker that is behind, too."""

    def _prune(self, head: Head, found: Mapping[AttachmentId, Found]) -> None:
        super()._prune(replace(head, written_at=max(head.written_at, self.now_ms() * 1000)), found)


def nothing() -> None:
    pass


class TestSettleFiles:
    def test_what_a_message_shows_is_kept(self, album: Album) -> None:
        album.chat.settle()
        assert album.is_kept()

    def test_what_no_message_shows_is_not(self, album: Album) -> None:
        album.chat.settle()
        album.delete(2)
        album.chat.settle()
        assert not album.is_kept()

    def test_an_edit_keeps_the_new_one_alone(self, album: Album) -> None:
        album.chat.settle()
        dog = album.upload()
        album.chat.say(album.lobby, album.ann, an_edit("e1", 2, content=attached(dog)))
        album.chat.settle()
        assert (album.is_kept(), album.is_kept(dog)) == (False, True)

    def test_it_stays_while_another_message_shows_it(self, album: Album) -> None:
        second = album.post("m2")
        for seq, kept in ((2, True), (second, False)):
            album.delete(seq)
            album.chat.settle()
            assert album.is_kept() is kept

    def test_in_any_order_and_more_than_once(self, album: Album) -> None:
        """What asks for it to be kept is overtaken by what asks for it to be discarded."""
        (kept,) = album.taken()
        album.delete(2)
        (gone,) = album.taken()
        for files in (gone, kept, gone, kept):
            album.chat.settle_files(files)
            assert not album.is_kept()

    def test_waits_until_the_fold_has_come_there(self, album: Album) -> None:
        """P1: what is told before the message is stored must not come to nothing."""
        (files,) = album.taken()
        with pytest.raises(Unavailable):
            album.chat.settle_files(replace(files, position=(files.position[0], files.position[1] + 1)))
        with pytest.raises(Unavailable):
            album.chat.settle_files(replace(files, conversation_id=ConversationId("nowhere")))

    @pytest.mark.parametrize("meddles", ["before", "after"])
    def test_what_is_deleted_while_it_is_being_kept_goes(self, album: Album, meddles: str) -> None:
        (files,) = album.taken()

        def deleted() -> None:
            album.delete(2)
            album.chat.settle()

        happens: Any = {"before": nothing, "after": nothing, meddles: deleted}
        attachments = Meddling(album.chat.attachments, **happens)
        replace(album.chat.settle_files, attachments=attachments)(files)
        assert not album.is_kept()

    @pytest.mark.parametrize("meddles", ["before", "after"])
    def test_what_is_shown_again_while_it_is_being_discarded_stays(self, album: Album, meddles: str) -> None:
        """P1."""
        album.chat.settle()
        album.delete(2)
        (files,) = album.taken()

        def shown() -> None:
            assert album.chat.attachments.hold(album.lobby, album.ann, [album.cat]) == []
            album.post("m2")
            album.chat.settle()

        happens: Any = {"before": nothing, "after": nothing, meddles: shown}
        attachments = Meddling(album.chat.attachments, **happens)
        replace(album.chat.settle_files, attachments=attachments)(files)
        assert album.is_kept()

    def test_a_file_that_is_lost_is_told(self, album: Album) -> None:
        """It comes to the dead letters, which raise an alarm."""
        (files,) = album.taken()
        album.chat.attachments.sweep()
        with pytest.raises(Unavailable, match="an attachment that a message shows"):
            album.chat.settle_files(files)

    def test_where_it_is_shown_no_longer_is_forgotten(self, album: Album) -> None:
        album.delete(2)
        assert album.rows() == 1
        album.chat.settle()
        assert album.rows() == 0

    @pytest.mark.parametrize(("settle", "rows"), [(SettleFiles, 1), (ByTheClock, 0)], ids=["shipped", "planted bug"])
    def test_what_comes_later_is_not_forgotten_with_it(
        self, album: Album, settle: type[SettleFiles], rows: int
    ) -> None:
        """An edit that shows it again, stored by a fold that has not come to its end."""
        album.chat.say(album.lobby, album.ann, an_edit("e1", 2))
        told = album.taken()
        with patch.object(album.chat.tables, "write_heads"):
            album.chat.say(album.lobby, album.ann, an_edit("e2", 2, content=attached(album.cat)))
        album.taken()
        album.chat.world.clock.advance(seconds=1)
        settle(**vars(album.chat.settle_files))(told[-1])
        assert album.rows() == rows

    @pytest.mark.parametrize("frozen", [False, True], ids=["it is known", "found out by the store's refusal"])
    def test_what_the_store_would_refuse_for_its_age_is_left(self, album: Album, *, frozen: bool) -> None:
        album.delete(2)
        clock, tables = album.chat.world.clock, album.chat.tables

        def refuse(rows: Any) -> None:
            if frozen:
                clock.advance(seconds=OLD_S)
            if rows:
                raise RuntimeError("too old")

        if not frozen:
            clock.advance(seconds=OLD_S)
        with patch.object(tables, "write", refuse):
            album.chat.settle()
        assert (album.rows(), album.is_kept()) == (1, False)

    def test_another_refusal_of_the_store_is_told(self, album: Album) -> None:
        album.delete(2)
        with patch.object(album.chat.tables, "write", side_effect=RuntimeError), pytest.raises(RuntimeError):
            album.chat.settle()

    def test_any_number_of_places_is_come_to_in_the_end(self, album: Album) -> None:
        seqs = [album.post(f"n{number}") for number in range(MOST + AT_ONCE)]
        for seq in seqs:
            album.delete(seq)
        told, tries = album.taken()[-1], 0
        while album.rows() > 1:
            tries += 1
            try:
                album.chat.settle_files(told)
            except Unavailable:
                continue
        assert tries == 2
        assert album.is_kept()
