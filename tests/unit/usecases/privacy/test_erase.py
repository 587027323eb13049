import itertools
from dataclasses import replace
from typing import Any

import pytest

from natter.domain.accounts.users import DELETED_NAME
from natter.domain.errors import BadCredentials, NotFound, Unavailable, UsernameTaken
from natter.domain.presence import Traces
from natter.usecases.conversations.relay import AGE_MS, Relay
from natter.usecases.privacy.erase import Erased
from tests.chat import Chat
from tests.erasing import Crash, Crashing, Scene, erasing
from tests.exporting import asked, made
from tests.identity import a_sign_in
from tests.messages import a_delete, a_post, a_reaction, an_edit

WAITING = Erased(done=0, failed=0, oldest_ms=0)
DONE = Erased(done=1, failed=0, oldest_ms=0)

type Shown = list[tuple[str, set[str]]]

GONE = ("message", {"deleted_at"})
CONVERSATION: Shown = [GONE, GONE, ("message", {"content", "reactions"}), ("edit", {"target_seq"}), ("reaction", set())]
ENDS: dict[str, Shown] = {
    "owned": [("role_changed", set()), ("member_removed", set()), ("member_erased", set())],
    "left": [("member_removed", set()), ("member_erased", set())],
    "direct": [GONE, ("member_erased", set())],
}
SAID = {"content", "deleted_at", "reactions", "target_seq"}
"""Of a payload, what a message or an edit can say."""


@pytest.fixture
def scene() -> Scene:
    return Scene()


def shown(scene: Scene, name: str) -> Shown:
    """What Bob is shown since Ann has begun to talk."""
    events = scene.history(getattr(scene, name))
    first = next(index for index, event in enumerate(events) if event.type == "message")
    said = {"message": SAID, "edit": SAID}
    return [(event.type, event.payload.keys() & said.get(event.type, set())) for event in events[first:]]


def kept(tables: Any) -> str:
    """All that is in the tables."""
    return repr(tables._partitions)


def check_erased(scene: Scene) -> None:
    world, chat = scene.world, scene.chat
    for name, end in ENDS.items():
        assert shown(scene, name) == [*CONVERSATION, *end], name
    assert "secret" not in kept(chat.tables)
    assert chat.tables.cursors((each, scene.ann) for each in scene.conversations) == {}
    assert chat.conversations.roles(scene.owned).roles == {scene.bob: "owner", scene.cid: "member"}
    assert chat.attachments.link(scene.direct, scene.ann, scene.file) is None
    assert world.erasures.unfinished(limit=10) == []
    assert world.sessions.of_user(scene.ann, after=None, limit=10, at=world.clock()) == []
    assert world.devices.of(scene.ann, after=None, limit=10) == []
    assert world.contacts.of(scene.bob, after=None, limit=10) == []
    assert world.contacts.of(scene.ann, after=None, limit=10) == []
    assert not world.blocks.across([(scene.ann, scene.cid)])
    assert world.sockets.open == []
    assert world.traces.of([scene.ann])[scene.ann] == Traces()
    assert world.watchers.of([scene.ann]) == {}
    assert world.badges.of([scene.ann]) == {}
    assert [report.reason for report in world.reports.of(scene.direct)] == ["(deleted)"]
    user = world.users.by_id(scene.ann)
    assert user is not None
    assert (user.display_name, user.avatar, user.erased) == (DELETED_NAME, None, True)
    record = chat.conversations.seen_by(scene.bob, scene.direct)
    assert record is not None
    assert (record.peer, record.peer_name, record.peer_deleted) == (scene.ann, DELETED_NAME, True)


def relayed(scene: Scene) -> None:
    """`relay` tells the log what was decided, and it is folded."""
    scene.world.clock.advance(seconds=AGE_MS / 1000 + 1)
    Relay(
        conversations=scene.chat.conversations,
        admission=scene.chat.admission,
        announce=scene.chat.announce,
        now_ms=scene.world.clock,
    )()
    scene.chat.fold()


class TestErase:
    def test_all_is_gone_when_it_is_done(self, scene: Scene) -> None:
        scene.ask()
        assert scene.erase()() == WAITING
        scene.chat.fold()
        assert scene.erase()() == DONE
        check_erased(scene)

    def test_an_account_of_which_nobody_knew(self) -> None:
        chat = Chat()
        ann = chat.person("ann")
        chat.world.request_erasure(ann)
        assert erasing(chat)() == DONE
        assert erasing(chat)() == WAITING

    def test_readers_are_shown_nothing_from_the_moment_on_that_it_is_asked_for(self, scene: Scene) -> None:
        scene.ask()
        for name, end in ENDS.items():
            told = [each for each in end if each == GONE or (name == "left" and each[0] == "member_removed")]
            assert shown(scene, name) == [*CONVERSATION, *told], name
        preview = scene.chat.seen(scene.bob, scene.direct).head.preview
        assert preview is not None
        assert preview.payload.keys() == {"deleted_at"}
        assert "secret" in kept(scene.chat.tables)

    def test_whatever_interrupts_it_the_next_run_ends_it(self) -> None:
        """After each single call to a store, one after the other."""
        crashed = 0
        for last in itertools.count():
            scene = Scene()
            scene.ask()
            try:
                scene.erase(Crashing(last))()
                scene.chat.fold()
                break
            except Crash:
                crashed += 1
            scene.chat.fold()
            scene.erase()()
            relayed(scene)
            assert scene.erase()().failed == 0
            check_erased(scene)
        assert crashed > 20

    def test_whatever_interrupts_the_emptying_the_next_run_ends_it(self) -> None:
        crashed = 0
        for last in itertools.count():
            scene = Scene()
            scene.ask()
            scene.erase()()
            scene.chat.fold()
            try:
                scene.erase(Crashing(last))()
                check_erased(scene)
                break
            except Crash:
                crashed += 1
            assert scene.erase()().failed == 0
            check_erased(scene)
        assert crashed > 20

    def test_one_that_fails_does_not_hold_up_the_others(self, scene: Scene) -> None:
        scene.world.request_erasure(scene.cid)
        scene.world.clock.advance(seconds=1)
        scene.ask()
        erase = scene.erase()

        class Picky:
            def __call__(self, user: object, **_: object) -> None:
                if user == scene.cid:
                    raise Unavailable("gateway")

        swept = scene.erase(end_sessions=Picky())()
        assert swept == Erased(done=0, failed=1, oldest_ms=1000)
        scene.chat.fold()
        assert scene.erase(end_sessions=Picky())() == Erased(done=1, failed=1, oldest_ms=1000)
        assert erase().failed == 0

    def test_stops_when_its_time_is_up_and_goes_on(self, scene: Scene) -> None:
        scene.ask()
        scene.erase()()
        scene.chat.fold()
        assert scene.erase(budget_ms=0)() == WAITING
        assert scene.erase()() == DONE

    def test_words_of_thousands_of_messages_go_stride_by_stride(self, scene: Scene) -> None:
        for batch in range(25):
            posts = [a_post(f"m{batch}-{index}", "secret") for index in range(100)]
            scene.chat.say(scene.direct, scene.ann, *posts)
        scene.ask()
        scene.erase()()
        scene.chat.fold()
        noted: list[int] = []
        note = scene.world.erasures.note_emptied

        class Noting:
            def __getattr__(self, name: str) -> Any:
                return getattr(scene.world.erasures, name)

            def note_emptied(self, user: Any, conversation: Any, *, to: int, done: bool) -> None:
                if conversation == scene.direct:
                    noted.append(to)
                note(user, conversation, to=to, done=done)

        erase = scene.erase()
        assert replace(erase, empty=replace(erase.empty, erasures=Noting()))() == DONE
        assert noted == [1000, 2000, 2507, 2508]
        assert "secret" not in kept(scene.chat.tables)

    def test_takes_the_archive_with_it(self, scene: Scene) -> None:
        asked(scene)
        made(scene)
        link = asked(scene)
        scene.ask()
        scene.erase()()
        assert link is not None
        assert scene.world.archives.download(link) is None


class TestWhoIsErased:
    def test_cannot_come_back(self, scene: Scene) -> None:
        scene.ask()
        with pytest.raises(BadCredentials):
            scene.world.sign_in(a_sign_in("ann"))
        with pytest.raises(UsernameTaken):
            scene.world.add("ann")

    def test_has_no_messages_to_change(self, scene: Scene) -> None:
        """Nobody edits, deletes or sets a reaction on what is gone; what others said stays."""
        scene.ask()
        scene.erase()()
        scene.chat.fold()
        seq = next(event.seq for event in scene.history(scene.owned) if event.type == "message")
        before = scene.chat.seen(scene.bob, scene.owned).head.seq
        scene.chat.say(scene.owned, scene.bob, a_delete("b2", seq), a_reaction("b3", seq), an_edit("b4", seq))
        assert scene.chat.seen(scene.bob, scene.owned).head.seq == before
        scene.chat.say(scene.owned, scene.bob, a_reaction("b5", seq + 2))
        assert scene.chat.seen(scene.bob, scene.owned).head.seq == before + 1

    def test_says_nothing_more(self, scene: Scene) -> None:
        """Also in the direct conversation whose other one they stay: what was under way comes to nothing."""
        scene.ask()
        scene.erase()()
        scene.chat.say(scene.direct, scene.ann, a_post("late", "secret"))
        assert scene.erase()() == DONE
        check_erased(scene)


class TestFiles:
    def test_are_refused_from_the_moment_on_that_it_is_asked_for(self, scene: Scene) -> None:
        link = scene.chat.link_attachment
        assert link(scene.bob, scene.direct, scene.file)
        scene.ask()
        with pytest.raises(NotFound):
            link(scene.bob, scene.direct, scene.file)

    def test_are_not_brought_back_by_who_settles_them_late(self, scene: Scene) -> None:
        """The message was told of before she was erased, and its words are not emptied yet."""
        (late,) = scene.told
        scene.ask()
        scene.erase()()
        scene.chat.fold()
        scene.chat.attachments.discard(scene.direct, scene.ann, [scene.file])
        scene.chat.settle_files(late)
        scene.chat.attachments.sweep()
        assert scene.chat.attachments.link(scene.direct, scene.ann, scene.file) is None
