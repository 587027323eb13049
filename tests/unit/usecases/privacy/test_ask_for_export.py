from dataclasses import replace

import pytest

from natter.domain.errors import Unavailable
from natter.domain.ids import UserId
from natter.domain.privacy.requests import KEPT_MS, RUN_MS
from tests.erasing import Scene
from tests.exporting import asked, made


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestAskForExport:
    def test_is_there_when_it_was_made(self, scene: Scene) -> None:
        assert [asked(scene), asked(scene)] == [None, None]
        assert made(scene) == [True]
        assert asked(scene) is not None

    def test_one_at_a_time_and_another_when_it_has_expired(self, scene: Scene) -> None:
        asked(scene)
        made(scene)
        first = asked(scene)
        scene.world.clock.advance(seconds=KEPT_MS / 1000 - 1)
        assert asked(scene) == first
        scene.world.clock.advance(seconds=1)
        assert asked(scene) is None
        assert made(scene) == [False, True]
        assert asked(scene) not in {None, first}

    def test_another_when_it_has_died(self, scene: Scene) -> None:
        asked(scene)
        scene.world.clock.advance(seconds=RUN_MS / 1000)
        assert asked(scene) is None
        assert made(scene) == [False, True]

    def test_what_could_not_be_started_is_started_by_asking_again(self, scene: Scene) -> None:
        class Down:
            def start(self, user: UserId, export_id: str) -> None:
                raise Unavailable(f"Lambda, for {user}'s {export_id}")

        with pytest.raises(Unavailable):
            replace(scene.world.ask_for_export, exporter=Down())(scene.ann)
        asked(scene)
        assert made(scene) == [True]
