"""What tests of exports share: what makes them, and what is in them."""

import io
import json
import zipfile
from typing import Any

from natter.usecases.privacy.make_export import MakeExport
from tests.chat import Chat
from tests.erasing import Scene


def making(chat: Chat) -> MakeExport:
    world = chat.world
    return MakeExport(
        exports=world.exports,
        archives=world.archives,
        users=world.users,
        notification_settings=world.notification_settings,
        devices=world.devices,
        sessions=world.sessions,
        contacts=world.contacts,
        blocks=world.blocks,
        conversations=chat.conversations,
        timeline=chat.tables,
        now_ms=world.clock,
    )


def made(scene: Scene) -> list[bool]:
    """What came of all that was started."""
    make = making(scene.chat)
    return [make(user, export_id) for user, export_id in scene.world.exporter.started]


def asked(scene: Scene) -> str | None:
    return scene.world.ask_for_export(scene.ann)


def archive(scene: Scene, link: str | None) -> dict[str, Any]:
    assert link is not None
    file = scene.world.archives.download(link)
    assert file is not None
    with zipfile.ZipFile(io.BytesIO(file)) as opened:
        assert opened.testzip() is None
        return {name: json.loads(opened.read(name)) for name in opened.namelist()}
