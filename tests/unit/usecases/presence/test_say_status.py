from dataclasses import replace

import pytest

from natter.domain.connections import Connection, ConnectionChange
from natter.domain.errors import Unavailable
from natter.usecases.presence.say_status import SayStatus
from tests.presence import Scene


class DownLog:
    def note(self, _change: ConnectionChange) -> bool:
        return False


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def phone(scene: Scene) -> Connection:
    return scene.connect(scene.ann, "phone")


@pytest.fixture
def say(scene: Scene) -> SayStatus:
    return SayStatus(traces=scene.world.traces, log=scene.chat.changes, now_ms=scene.world.clock)


class TestSayStatus:
    def test_who_asks_is_answered_with_it_and_who_watches_is_told(
        self, scene: Scene, phone: Connection, say: SayStatus
    ) -> None:
        say(phone, "away")
        assert scene.world.presence_now([scene.ann])[scene.ann].state == "away"
        scene.settle()
        assert scene.states() == ["away"]

    def test_is_of_the_device_alone(self, scene: Scene, phone: Connection, say: SayStatus) -> None:
        say(phone, "away")
        desk = replace(phone, device_id=phone.device_id + "-desk", connection_id="desk")  # type: ignore[arg-type]
        scene.sockets.register(desk)
        assert scene.world.presence_now([scene.ann])[scene.ann].state == "online"

    def test_what_watchers_may_not_be_told_is_not_done_yet(
        self, scene: Scene, phone: Connection, say: SayStatus
    ) -> None:
        """Whoever repeats it has them told."""
        with pytest.raises(Unavailable):
            replace(say, log=DownLog())(phone, "away")
        say(phone, "away")
        scene.settle()
        assert scene.states() == ["away"]
