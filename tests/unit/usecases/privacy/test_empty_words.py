from typing import Any

import pytest

from natter.domain.conversations.members import Standing
from natter.domain.fold.writes import StandingRow
from natter.domain.ids import AttachmentId, ConversationId, UserId, new_id
from natter.domain.privacy.requests import Emptying
from natter.usecases.privacy.empty_words import EmptyWords
from tests.chat import Chat
from tests.erasing import erasing
from tests.files import a_file
from tests.messages import a_post, an_edit, attached

NEVER = 10**15
"""Milliseconds; no run is over by then."""


class Scene:
    """Ann and Bob have said something, each with a file, when Ann asks to be erased."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.ann, self.bob = self.chat.person("ann"), self.chat.person("bob")
        self.group = self.chat.group(self.bob, self.ann)
        self.anns, self.bobs = self.upload(self.ann), self.upload(self.bob)
        self.pending = self.upload(self.ann)
        for user, file in ((self.ann, self.anns), (self.bob, self.bobs)):
            assert self.chat.attachments.hold(self.group, user, [file]) == []
            self.chat.say(self.group, user, a_post(f"{user}-1", content=attached(file)), a_post(f"{user}-2", "secret"))
        self.chat.say(self.group, self.ann, an_edit("e", self.head() - 2, "secret, too"))
        self.said = self.head()
        self.chat.world.erasures.request(self.ann, at=self.chat.world.clock())

    @property
    def empty(self) -> EmptyWords:
        return erasing(self.chat).empty

    def head(self) -> int:
        return self.chat.tables.heads([self.group])[self.group].seq

    def upload(self, user: UserId) -> AttachmentId:
        attachment = AttachmentId(new_id())
        form = self.chat.attachments.offer(self.group, user, attachment, a_file(b"cat"))
        assert self.chat.attachments.upload(form, b"cat")
        return attachment

    def tell(self) -> None:
        """The log is told that Ann leaves for good, and it is folded."""
        erasing(self.chat).leave(self.ann, self.group)
        self.chat.fold()

    def run(self, emptied_to: int = 0, *, deadline: int = NEVER) -> None:
        emptying = Emptying(conversation_id=self.group, told=True, emptied_to=emptied_to)
        self.empty(self.ann, emptying, deadline=deadline)

    def words(self, user: UserId) -> list[Any]:
        """What is left of the payloads of one's messages and edits."""
        events = self.chat.tables.events(self.group, 1, self.said, newest_first=False)
        kept = [event for event in events if event.sender_id == user and event.type in {"message", "edit"}]
        return [event.payload for event in kept]

    def left(self) -> list[ConversationId]:
        """The conversations that are still to be emptied."""
        return [each.conversation_id for each in self.chat.world.erasures.emptyings(self.ann)]


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestEmptyWords:
    def test_takes_the_words_and_files_of_one_and_leaves_those_of_others(self, scene: Scene) -> None:
        scene.tell()
        others = scene.words(scene.bob)
        scene.run()
        assert [each.keys() for each in scene.words(scene.ann)] == [{"deleted_at"}, {"deleted_at"}, {"target_seq"}]
        assert scene.words(scene.bob) == others
        assert scene.chat.attachments.link(scene.group, scene.ann, scene.anns) is None
        assert scene.chat.attachments.link(scene.group, scene.bob, scene.bobs) is not None
        assert list(scene.chat.attachments.hold(scene.group, scene.ann, [scene.pending])) == [scene.pending]
        assert list(scene.chat.tables.places_of_file(scene.group, scene.anns, 1, NEVER, limit=1)) == []
        assert scene.chat.tables.cursors([(scene.group, scene.ann)]) == {}
        assert scene.left() == []

    def test_waits_until_the_fold_has_come_to_their_end(self, scene: Scene) -> None:
        """What was under way could still be written, with words in it."""
        before = scene.words(scene.ann)
        scene.run()
        erasing(scene.chat).leave(scene.ann, scene.group)
        scene.run()
        assert scene.words(scene.ann) == before
        assert scene.left() == [scene.group]
        scene.chat.fold()
        scene.run()
        assert scene.left() == []

    def test_what_the_fold_has_not_finished_is_not_true_yet(self, scene: Scene) -> None:
        """Rows above the head: the event itself may be missing."""
        before, end = scene.words(scene.ann), scene.head() + 2
        gone = Standing(seq=end, membership=None, erased=True)
        scene.chat.tables.write(
            [StandingRow(conversation_id=scene.group, user_id=scene.ann, standing=gone, written_at=NEVER)]
        )
        scene.run()
        assert (scene.words(scene.ann), scene.left()) == (before, [scene.group])

    def test_goes_on_from_where_an_earlier_run_has_come_to(self, scene: Scene) -> None:
        scene.tell()
        before = scene.words(scene.ann)
        scene.run(emptied_to=scene.said - 1)
        assert scene.words(scene.ann) == [*before[:-1], {"target_seq": before[-1]["target_seq"]}]

    def test_begins_nothing_when_the_time_is_up(self, scene: Scene) -> None:
        scene.tell()
        before = scene.words(scene.ann)
        scene.run(deadline=scene.chat.world.clock())
        assert (scene.words(scene.ann), scene.left()) == (before, [scene.group])

    def test_nothing_is_wrong_with_a_second_time(self, scene: Scene) -> None:
        scene.tell()
        scene.run()
        after = scene.words(scene.ann)
        scene.run()
        assert (scene.words(scene.ann), scene.left()) == (after, [])
