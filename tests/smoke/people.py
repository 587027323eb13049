"""Accounts from their beginning to their end, and what is around messages: presence, groups, files, pushes."""

import asyncio
import base64
import json
import os
import secrets

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.smoke.scene import Scene
from tests.support.api import User
from tests.support.files import attach, download, link, showing
from tests.support.presence import asked, watch
from tests.support.socket import message

FILE = os.urandom(50_000)
PUSH_SERVICE = "https://fcm.googleapis.com/fcm/send/"
"""Where the made-up browser is to be woken: a service that a stage sends to unless it says otherwise."""
REGISTERED, BAD_REQUEST, REDIRECTED, FORBIDDEN = 204, 400, 302, 403


async def health(scene: Scene) -> str:
    answer = (await scene.api.call("GET", "/v1/health")).expect(200)
    assert answer["status"] == "ok", answer
    return f"version {answer['version']}"


async def sign_up(scene: Scene) -> str:
    """An ID token is no request at all where there are passwords; elsewhere, one that does not count."""
    reply = await scene.api.call("POST", "/v1/sessions", {"id_token": "none"})
    assert reply.status == BAD_REQUEST, f"an identity provider signs people in here, who cannot be made up: {reply}"
    for name in ("alice", "bob", "mallory"):
        scene.users[name] = await scene.api.sign_up(f"smoke_{name}")
    return f"{len(scene.users)} users"


async def presence(scene: Scene) -> str:
    """Alice sees Bob as long as he is there."""
    states = await watch(scene.phone, scene.bob)
    assert states == await asked(scene.alice, scene.bob) == {scene.bob.user_id: "online"}, states
    return ""


async def group(scene: Scene) -> str:
    """Bob is shown what is said in a group, and so is who comes later, from then on."""
    lobby = await scene.alice.group(scene.bob, title="Smoke")
    visitor = await scene.open(scene.mallory)
    body = {"user_ids": [scene.mallory.user_id]}
    (await scene.alice.call("POST", f"/v1/conversations/{lobby}/members", body)).expect(200)
    said = message("welcome")
    await scene.phone.say(lobby, said)
    for socket in (scene.desk, visitor):
        await socket.event(lobby, said["client_id"], within_s=scene.within_s)
    return ""


async def attachment(scene: Scene) -> str:
    """Bob downloads what Alice shows; Mallory does not."""
    file = await attach(scene.alice, scene.chat, FILE)
    client_id = secrets.token_hex(8)
    await scene.phone.say(scene.chat, showing(file, client_id))
    await scene.desk.event(scene.chat, client_id, within_s=scene.within_s)
    reply = await link(scene.bob, scene.chat, file)
    assert reply.status == REDIRECTED, reply
    assert (await download(reply.headers["Location"])).body == FILE, "other bytes came back"
    assert (await link(scene.mallory, scene.chat, file)).status == FORBIDDEN
    return f"{len(FILE):,} bytes"


async def push(scene: Scene) -> str:
    """A browser may register, and says so in the list of devices; a phone may, too, or it is said why not."""
    key = (await scene.api.call("GET", "/v1/push/web-key")).expect(200)["public_key"]
    assert key, "there is no key for browsers"
    reply = await scene.mallory.call("PUT", _registration(scene.mallory), {"provider": "webpush", "token": _browser()})
    reply.expect(REGISTERED)
    devices = (await scene.mallory.call("GET", "/v1/devices")).expect(200)["items"]
    assert [each.get("push") for each in devices] == ["webpush"], devices
    made_up = {"provider": "fcm", "token": secrets.token_urlsafe(64)}
    reply = await scene.mallory.call("PUT", _registration(scene.mallory), made_up)
    (await scene.mallory.call("DELETE", _registration(scene.mallory))).expect(REGISTERED)
    if reply.status == BAD_REQUEST:
        return "browsers and phones; the made-up phone was refused by its platform, as it should be"
    reply.expect(REGISTERED)
    return "browsers and phones"


async def sign_out(scene: Scene) -> str:
    """Who signs out is told, closed, and cannot go on with the old token."""
    tablet = await scene.alice.on_another_device()
    socket = await scene.open(tablet)
    await socket.ping()
    (await tablet.call("DELETE", "/v1/sessions/current")).expect(204)
    await scene.seen(socket, lambda frame: frame["type"] == "signed_out")
    await socket.closed(within_s=scene.within_s)
    assert (await tablet.call("GET", "/v1/users/me")).refusal()[1] == "unauthenticated"
    return ""


async def erasure(scene: Scene) -> str:
    """All that were made here are erased: nobody finds them any more, and they cannot go on."""
    users = list(scene.users.values())
    kept = [failed for failed in await asyncio.gather(*map(_erase, users), return_exceptions=True) if failed]
    assert not kept, f"still there: {', '.join(user.username for user in users)}: {kept[0]}"
    return f"{len(users)} users"


async def _erase(user: User) -> None:
    (await user.call("DELETE", "/v1/users/me", {"password": user.api.password})).expect(202)
    body = {"username": user.username, "password": user.api.password}
    assert (await user.api.call("POST", "/v1/sessions", body)).refusal()[1] == "bad_credentials"
    assert (await user.call("GET", "/v1/users/me")).refusal()[1] == "unauthenticated"


def _registration(user: User) -> str:
    return f"/v1/devices/{user.device_id}/push"


def _browser() -> str:
    """A subscription as a browser makes one."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    keys = {"p256dh": _text(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)), "auth": _text(b"s" * 16)}
    return json.dumps({"endpoint": PUSH_SERVICE + secrets.token_urlsafe(32), "expirationTime": None, "keys": keys})


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
