from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from natter.domain.ids import UserId
from natter.domain.presence import Presence
from tests.presence import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestWatch:
    def test_who_is_watched_is_answered_and_whoever_one_may_not_see_is_left_out(self, scene: Scene) -> None:
        """P8."""
        mallory = scene.chat.person("mallory")
        found = scene.watching()(scene.screen, [mallory, scene.ann, scene.bob])
        assert [(each.user_id, each.state) for each in found] == [(scene.ann, "offline"), (scene.bob, "online")]
        assert scene.world.watchers.of([mallory, scene.ann, scene.bob]) == {
            scene.ann: [scene.watcher],
            scene.bob: [scene.watcher],
        }

    def test_replaces_whom_the_connection_watched(self, scene: Scene) -> None:
        scene.watching()(scene.screen, [scene.bob])
        assert scene.world.watchers.of([scene.ann]) == {}
        assert scene.watching()(scene.screen, []) == []
        assert scene.world.watchers.of([scene.bob]) == {}

    def test_what_changes_before_the_answer_is_told_if_not_answered(self, scene: Scene) -> None:
        """It watches before it reads."""
        scene.watching()(scene.screen, [])
        now = scene.world.presence_now

        class Late:
            def __call__(self, users: Collection[UserId]) -> Mapping[UserId, Presence]:
                found = now(users)
                scene.connect(scene.ann, "phone")
                scene.settle()
                return found

        watch = replace(scene.watching(), now=Late())  # type: ignore[arg-type]
        assert [each.state for each in watch(scene.screen, [scene.ann])] == ["offline"]
        assert scene.states() == ["online"]
