from dataclasses import replace

from natter.domain.connections import Found
from natter.domain.ids import UserId
from natter.domain.presence import GRACE_MS, Presence
from tests.presence import Scene


class TestReadPresence:
    def test_is_of_those_whom_one_may_see_in_the_order_asked_for(self) -> None:
        """P8: a stranger and nobody look the same."""
        scene = Scene()
        mallory = scene.chat.person("mallory")
        scene.connect(scene.ann, "phone")
        asked = [mallory, scene.bob, UserId("nobody"), scene.ann, scene.bob]
        found = scene.world.read_presence(scene.bob, asked)
        assert found == [
            Presence(user_id=scene.bob, state="online"),
            Presence(user_id=scene.ann, state="online"),
        ]
        assert scene.world.read_presence(mallory, [scene.ann]) == []


class TestPresenceNow:
    def test_is_away_only_if_all_devices_are(self) -> None:
        scene = Scene()
        phone = scene.connect(scene.ann, "phone")
        scene.say(phone, "away")
        assert scene.world.presence_now([scene.ann])[scene.ann].state == "away"
        assert scene.world.presence_now([scene.ann, scene.bob]).keys() == {scene.ann, scene.bob}

    def test_who_leaves_while_it_looks_has_just_left(self) -> None:
        """Connections are read before traces: the other way round, they would be offline without a grace."""
        scene = Scene()
        phone = scene.connect(scene.ann, "phone")
        scene.world.clock.advance(seconds=GRACE_MS / 1000 + 1)

        class Leaving:
            def look_up(self, _users: list[UserId]) -> Found:
                scene.leave(phone)
                return Found(connections={}, forgotten=frozenset())

        now = replace(scene.world.presence_now, connections=Leaving())  # type: ignore[arg-type]
        assert now([scene.ann])[scene.ann] == Presence(user_id=scene.ann, state="online", grace_ms=GRACE_MS)
