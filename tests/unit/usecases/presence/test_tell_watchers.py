from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from natter.domain.connections import UPGRADE_MS, Closing, Connection
from natter.domain.delivery import Post, PostResult
from natter.usecases.presence.tell_watchers import ROUNDS, TellWatchers, Told
from tests.identity import FakeSockets
from tests.presence import Scene, settling


@pytest.fixture
def scene() -> Scene:
    return Scene()


class Gateway:
    """Answers as it is told to, and lets something happen while it posts."""

    def __init__(
        self, sockets: FakeSockets, *, answer: PostResult, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        self._sockets, self._answer, self._meanwhile = sockets, answer, meanwhile

    def post(self, posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
        self._sockets.post(posts, budget_s=budget_s)
        self._meanwhile()
        return [self._answer] * len(posts)

    def close(self, connections: Sequence[Connection]) -> Sequence[Closing]:
        raise AssertionError(f"nobody closes {connections}")


def telling(scene: Scene, gateway: Gateway) -> TellWatchers:
    return replace(settling(scene.world, scene.queue).tell, gateway=gateway)


class TestWhoIsTold:
    def test_who_may_not_see_them_any_more_is_not(self, scene: Scene) -> None:
        """P8. Bob was removed, or blocked, after he had begun to watch."""
        scene.chat.leave(scene.group, scene.bob)
        scene.connect(scene.ann, "phone")
        scene.settle()
        assert scene.told() == []

    def test_only_the_connection_that_watches(self, scene: Scene) -> None:
        other = scene.connect(scene.bob, "other")
        scene.connect(scene.ann, "phone")
        scene.settle()
        assert (len(scene.told()), scene.told(other)) == (1, [])

    def test_what_is_news_at_once_is_one_frame(self, scene: Scene) -> None:
        cid = scene.chat.person("cid")
        scene.chat.join(scene.group, cid)
        scene.watch(scene.screen, scene.ann, cid)
        scene.connect(scene.ann, "phone")
        scene.connect(cid, "desk")
        scene.settle()
        assert [to for to, _ in scene.sockets.frames] == ["screen"]
        assert {item["user_id"] for item in scene.told()} == {scene.ann, cid}

    def test_who_has_gone_is_not(self, scene: Scene) -> None:
        scene.sockets.unregister(scene.screen)
        scene.connect(scene.ann, "phone")
        scene.settle()
        assert (scene.sockets.frames, scene.queue.waiting) == ([], [])


class TestTelling:
    def test_who_changes_meanwhile_is_looked_at_again(self, scene: Scene) -> None:
        """So the last that is told is true, whoever else tells of them at the same time."""
        phone = scene.connect(scene.ann, "phone")
        gateway = Gateway(scene.sockets, answer=PostResult.DELIVERED, meanwhile=lambda: scene.say(phone, "away"))
        assert telling(scene, gateway)({scene.ann: [scene.watcher]}) == Told(missed={}, unsettled=frozenset())
        assert scene.states() == ["online", "away"]

    def test_who_changes_faster_than_can_be_told_is_named(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")

        def change() -> None:
            scene.say(phone, "away" if scene.states()[-1] == "online" else "online")

        tell = telling(scene, Gateway(scene.sockets, answer=PostResult.DELIVERED, meanwhile=change))
        assert tell({scene.ann: [scene.watcher]}).unsettled == {scene.ann}
        assert scene.states() == ["online", "away", "online"][:ROUNDS]

    @pytest.mark.parametrize("answer", [PostResult.FAILED, PostResult.UNTRIED])
    def test_who_could_not_be_told_is_named(self, scene: Scene, answer: PostResult) -> None:
        scene.connect(scene.ann, "phone")
        tell = telling(scene, Gateway(scene.sockets, answer=answer))
        assert tell({scene.ann: [scene.watcher]}).missed == {scene.ann: {scene.watcher}}

    @pytest.mark.parametrize(("age_ms", "stays"), [(UPGRADE_MS, True), (UPGRADE_MS + 1, False)])
    def test_a_connection_that_the_gateway_does_not_know_is_forgotten(
        self, scene: Scene, age_ms: int, *, stays: bool
    ) -> None:
        scene.connect(scene.ann, "phone")
        scene.world.clock.now = scene.screen.connected_at + age_ms
        tell = telling(scene, Gateway(scene.sockets, answer=PostResult.GONE))
        assert tell({scene.ann: [scene.watcher]}).missed == {}
        assert bool(scene.sockets.of([scene.bob])) == stays
