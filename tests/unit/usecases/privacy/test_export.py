import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from natter.domain.errors import Unavailable
from natter.domain.ids import UserId
from natter.domain.privacy.requests import KEPT_MS, RUN_MS
from natter.usecases.privacy.make_export import MakeExport
from tests.chat import Chat
from tests.erasing import Scene, erasing
from tests.messages import a_delete, a_post


@pytest.fixture
def scene() -> Scene:
    return Scene()


def making(chat: Chat) -> MakeExport:
    world = chat.world
    return MakeExport(
        exports=world.exports,
        archives=world.archives,
        users=world.users,
        devices=world.devices,
        sessions=world.sessions,
        contacts=world.contacts,
        blocks=world.blocks,
        conversations=chat.conversations,
        timeline=chat.tables,
        clock=world.clock,
    )


def made(scene: Scene) -> list[bool]:
    """What came of all that was started."""
    make = making(scene.chat)
    return [make(user, export_id) for user, export_id in scene.world.exporter.started]


def ask(scene: Scene) -> str | None:
    return scene.world.ask_for_export(scene.ann)


def archive(scene: Scene, link: str | None) -> dict[str, Any]:
    assert link is not None
    file = scene.world.archives.download(link)
    assert file is not None
    with zipfile.ZipFile(io.BytesIO(file)) as opened:
        assert opened.testzip() is None
        return {name: json.loads(opened.read(name)) for name in opened.namelist()}


class TestAskForExport:
    def test_is_there_when_it_was_made(self, scene: Scene) -> None:
        assert [ask(scene), ask(scene)] == [None, None]
        assert made(scene) == [True]
        assert ask(scene) is not None

    def test_one_at_a_time_and_another_when_it_has_expired(self, scene: Scene) -> None:
        ask(scene)
        made(scene)
        first = ask(scene)
        scene.world.clock.advance(seconds=KEPT_MS / 1000 - 1)
        assert ask(scene) == first
        scene.world.clock.advance(seconds=1)
        assert ask(scene) is None
        assert made(scene) == [False, True]
        assert ask(scene) not in {None, first}

    def test_another_when_it_has_died(self, scene: Scene) -> None:
        ask(scene)
        scene.world.clock.advance(seconds=RUN_MS / 1000)
        assert ask(scene) is None
        assert made(scene) == [False, True]

    def test_what_could_not_be_started_is_started_by_asking_again(self, scene: Scene) -> None:
        class Down:
            def start(self, user: UserId, export_id: str) -> None:
                raise Unavailable(f"Lambda, for {user}'s {export_id}")

        with pytest.raises(Unavailable):
            replace(scene.world.ask_for_export, exporter=Down())(scene.ann)
        ask(scene)
        assert made(scene) == [True]


class TestMakeExport:
    def test_holds_all_that_is_known_and_nothing_of_others(self, scene: Scene) -> None:
        ask(scene)
        made(scene)
        found = archive(scene, ask(scene))
        assert found["profile.json"]["username"] == "ann"
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
        ask(scene)
        made(scene)
        found = json.dumps(archive(scene, ask(scene)))
        credentials = scene.world.users.credentials("ann")
        assert credentials is not None
        for secret in ("secret token", scene.signed_in.refresh_token, credentials.password_hash):
            assert secret not in found

    def test_holds_nothing_that_was_deleted(self, scene: Scene) -> None:
        chat = scene.chat
        chat.say(scene.direct, scene.ann, a_post("late", "regretted"))
        chat.say(scene.direct, scene.ann, a_delete("d1", chat.seen(scene.ann, scene.direct).head.seq))
        ask(scene)
        made(scene)
        assert "regretted" not in json.dumps(archive(scene, ask(scene)))

    def test_of_hundreds_of_contacts_each_once(self, scene: Scene) -> None:
        others = [scene.chat.person(f"other{number}") for number in range(450)]
        for other in others:
            scene.world.keep_contacts.add(scene.ann, other)
        ask(scene)
        made(scene)
        contacts = [contact["user_id"] for contact in archive(scene, ask(scene))["contacts.json"]]
        assert sorted(contacts) == sorted([*others, scene.bob])

    def test_what_was_interrupted_leaves_room_for_another(self, scene: Scene) -> None:
        class Down:
            def __getattr__(self, name: str) -> Any:
                raise Unavailable(name)

        ask(scene)
        ((user, export_id),) = scene.world.exporter.started
        with pytest.raises(Unavailable):
            replace(making(scene.chat), archives=Down())(user, export_id)
        assert ask(scene) is None
        assert made(scene) == [False, True]

    def test_is_made_once(self, scene: Scene) -> None:
        """The invocation may come twice."""
        ask(scene)
        assert made(scene) == [True]
        assert made(scene) == [False]


class TestErasure:
    def test_takes_the_archive_with_it(self, scene: Scene) -> None:
        ask(scene)
        made(scene)
        link = ask(scene)
        scene.ask()
        erasing(scene.chat)()
        assert link is not None
        assert scene.world.archives.download(link) is None

    def test_that_comes_between_leaves_none(self, scene: Scene) -> None:
        ask(scene)
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
