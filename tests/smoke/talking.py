"""Connections and messages: what is acknowledged, shown, stored, counted, and to whom."""

import statistics
import time

from websockets.exceptions import InvalidStatus

from tests.smoke.scene import Scene
from tests.support.api import Fields
from tests.support.socket import Frame, Socket, message

FRAMES = 5
REFUSED = 401


async def connect(scene: Scene) -> str:
    """A ticket opens one socket, and no second one."""
    scene.phone, scene.desk = await scene.open(scene.alice), await scene.open(scene.bob)
    for socket in (scene.phone, scene.desk):
        await socket.ping()
    ticket = await scene.bob.ticket()
    told = ticket["url"].partition("?")[0]
    assert told.rstrip("/") == scene.api.socket_url.rstrip("/"), f"tickets lead to {told}"
    await (await scene.api.open(ticket["url"])).close()
    assert await _refusal(scene, ticket["url"]) == REFUSED, "a ticket opened a second socket"
    return ""


async def send(scene: Scene) -> str:
    """Frames of two messages each, every one acknowledged before the next."""
    scene.chat = await scene.alice.direct(scene.bob)
    took = []
    for number in range(FRAMES):
        messages = [message(f"message {number}.{part}") for part in range(2)]
        began = time.perf_counter()
        await scene.phone.say(scene.chat, *messages)
        took.append(time.perf_counter() - began)
        scene.said |= {each["client_id"]: each["content"]["text"] for each in messages}
    return f"acknowledged after {1000 * statistics.median(took):.0f} ms (median)"


async def deliver(scene: Scene) -> str:
    """What was sent is on both screens, in the order in which it was sent."""
    for socket in (scene.phone, scene.desk):
        _are_said(scene, await _shown(scene, socket))
    took = []
    for number in range(FRAMES):
        said = message(f"now {number}")
        began = time.perf_counter()
        await scene.phone.say(scene.chat, said)
        await scene.desk.event(scene.chat, said["client_id"], within_s=scene.within_s)
        took.append(time.perf_counter() - began)
        scene.said[said["client_id"]] = said["content"]["text"]
    return f"on the other's screen after {1000 * statistics.median(took):.0f} ms (median)"


async def history(scene: Scene) -> str:
    """All of it is stored: without holes, once each, the same for both."""

    async def is_there() -> list[Fields]:
        return await scene.alice.history(scene.chat)

    events = await scene.eventually(is_there, lambda found: len(found) >= 1 + len(scene.said))
    assert events == await scene.bob.history(scene.chat), "the two read something else"
    assert [event["seq"] for event in events] == [*range(1, len(events) + 1)], "there are holes"
    _are_said(scene, [event for event in events if event["type"] == "message"])
    return f"{len(events)} events"


async def retry(scene: Scene) -> str:
    """The same client id again is acknowledged again, and is no second message."""
    client_id, words = next(iter(scene.said.items()))
    for _ in range(2):
        await scene.phone.say(scene.chat, message(words, client_id))
    after = message("after the retries")
    await scene.phone.say(scene.chat, after)
    scene.said[after["client_id"]] = after["content"]["text"]
    return await history(scene)


async def unread(scene: Scene) -> str:
    """Bob's count is what Alice has said since he said something, and falls when he reads; she is told."""

    async def of_bob() -> Fields:
        return dict((await scene.bob.call("GET", f"/v1/conversations/{scene.chat}")).expect(200))

    state = await scene.eventually(of_bob, lambda seen: bool(seen["unread"] == len(scene.said)))
    head = state["head"]["seq"]
    answer = await scene.desk.ask({"action": "read", "conversation_id": scene.chat, "seq": head})
    assert answer["type"] == "ok", answer
    await scene.eventually(of_bob, lambda seen: (seen["unread"], seen["read_seq"]) == (0, head))
    await scene.seen(scene.phone, lambda frame: _is_read(frame, scene, head))
    return f"{state['unread']}, then 0"


async def sync(scene: Scene) -> str:
    """Another device, which has nothing, gets what there is."""
    tablet = await scene.bob.on_another_device()
    (found,) = [each for each in (await tablet.sync())["conversations"] if each["conversation_id"] == scene.chat]
    _are_said(scene, [event for event in found["events"] if event["type"] == "message"])
    return ""


async def strangers(scene: Scene) -> str:
    """Mallory can neither read, nor post, nor see who is there."""
    reply = await scene.mallory.call("GET", f"/v1/conversations/{scene.chat}/events")
    assert reply.refusal()[1] == "not_member", reply
    socket = await scene.open(scene.mallory)
    frame = {"action": "send", "conversation_id": scene.chat, "messages": [message("hello?")]}
    answer = await socket.ask(frame)
    assert answer.get("code") == "not_member", answer
    query = {"user_id": scene.alice.user_id}
    assert (await scene.mallory.call("GET", "/v1/presence", query=query)).expect(200) == {"users": []}
    return ""


async def _refusal(scene: Scene, url: str) -> int | None:
    """The status with which an upgrade was refused, if it was."""
    try:
        await scene.api.open(url)
    except InvalidStatus as refused:
        return refused.response.status_code
    return None


async def _shown(scene: Scene, socket: Socket) -> list[Fields]:
    """All messages, as soon as they are there, by their places: live events may come twice, and in another order."""

    def screen() -> dict[int, Fields]:
        return {event["seq"]: event for event in socket.shown(scene.chat) if event["type"] == "message"}

    await scene.seen(socket, lambda _: len(screen()) >= len(scene.said))
    return [event for _, event in sorted(screen().items())]


def _are_said(scene: Scene, events: list[Fields]) -> None:
    found = {event["client_id"]: event["content"]["text"] for event in events}
    assert list(found.items()) == list(scene.said.items()), "not what was said, or not in its order"
    assert len(found) == len(events), "something appears twice"


def _is_read(frame: Frame, scene: Scene, seq: int) -> bool:
    if frame["type"] != "receipt" or frame["conversation_id"] != scene.chat:
        return False
    receipts = [each for each in frame["receipts"] if each["user_id"] == scene.bob.user_id]
    return any(each.get("read_seq", 0) >= seq for each in receipts)
