import json
from dataclasses import replace
from typing import Any

import pytest

from natter.domain.errors import Unavailable
from tests.erasing import Scene
from tests.exporting import archive, asked, made, making
from tests.messages import a_delete, a_post


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestMakeExport:
    def test_holds_all_that_is_known_and_nothing_of_others(self, scene: Scene) -> None:
        scene.world.notification_settings.change(scene.ann, lambda settings: replace(settings, previews=False))
        asked(scene)
        made(scene)
        found = archive(scene, asked(scene))
        assert found["profile.json"]["username"] == "ann"
        assert found["notifications.json"] == {"previews": False, "mentions_pierce_mute": True}
        assert {each["notify"] for each in found["conversations.json"]} == {"all"}
        assert [device["device_id"] for device in found["devices.json"]] == ["phone"]
        assert [session["device_id"] for session in found["sessions.json"]] == ["phone"]
        assert [contact["user_id"] for contact in found["contacts.json"]] == [scene.bob]
        assert [blocked["user_id"] for blocked in found["blocks.json"]] == [scene.cid]
        present = {each["conversation_id"]: each["kind"] for each in found["conversations.json"]}
        assert present == {scene.owned: "group", scene.direct: "direct"}
        for conversation in scene.conversations:
            said = found[f"conversations/{conversation}/events.json"]
            assert {event["sender_id"] for event in said} == {scene.ann}
            assert [event["content"]["text"] for event in said if event["type"] in {"message", "edit"}][:3] == [
                *("secret", "secret", "secret, too"),
            ]
        files = found[f"conversations/{scene.direct}/attachments.json"]
        assert [file["attachment_id"] for file in files] == [scene.file]

    def test_holds_no_token_and_no_password(self, scene: Scene) -> None:
        asked(scene)
        made(scene)
        found = json.dumps(archive(scene, asked(scene)))
        credentials = scene.world.users.credentials("ann")
        assert credentials is not None
        for secret in ("secret token", scene.signed_in.refresh_token, credentials.password_hash):
            assert secret not in found

    def test_holds_nothing_that_was_deleted(self, scene: Scene) -> None:
        chat = scene.chat
        chat.say(scene.direct, scene.ann, a_post("late", "regretted"))
        chat.say(scene.direct, scene.ann, a_delete("d1", chat.seen(scene.ann, scene.direct).head.seq))
        asked(scene)
        made(scene)
        assert "regretted" not in json.dumps(archive(scene, asked(scene)))

    def test_of_hundreds_of_contacts_each_once(self, scene: Scene) -> None:
        others = [scene.chat.person(f"other{number}") for number in range(450)]
        for other in others:
            scene.world.keep_contacts.add(scene.ann, other)
        asked(scene)
        made(scene)
        contacts = [contact["user_id"] for contact in archive(scene, asked(scene))["contacts.json"]]
        assert sorted(contacts) == sorted([*others, scene.bob])

    def test_what_was_interrupted_leaves_room_for_another(self, scene: Scene) -> None:
        class Down:
            def __getattr__(self, name: str) -> Any:
                raise Unavailable(name)

        asked(scene)
        ((user, export_id),) = scene.world.exporter.started
        with pytest.raises(Unavailable):
            replace(making(scene.chat), archives=Down())(user, export_id)
        assert asked(scene) is None
        assert made(scene) == [False, True]

    def test_is_made_once(self, scene: Scene) -> None:
        """The invocation may come twice."""
        asked(scene)
        assert made(scene) == [True]
        assert made(scene) == [False]

    def test_an_erasure_that_comes_between_leaves_none(self, scene: Scene) -> None:
        asked(scene)
        ((user, export_id),) = scene.world.exporter.started

        class Meanwhile:
            def __getattr__(self, name: str) -> Any:
                return getattr(scene.world.archives, name)

            def store(self, *args: Any) -> None:
                scene.world.archives.store(*args)
                scene.ask()
                scene.world.erasures.forget(scene.ann)

        make = making(scene.chat)
        assert not replace(make, archives=Meanwhile())(user, export_id)
        assert scene.world.archives.download(scene.world.archives.link(user, export_id)) is None
