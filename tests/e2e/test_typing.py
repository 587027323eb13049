"""Who is typing is seen by the others of the conversation, and by nobody else."""

from tests.support.api import Api
from tests.support.socket import Frame, Socket


async def type_(socket: Socket, conversation: str, state: str = "started") -> Frame:
    return await socket.ask({"action": "typing", "conversation_id": conversation, "state": state})


def typing(frame: Frame) -> bool:
    return frame.get("type") == "typing"


class TestTyping:
    async def test_is_seen_by_the_others_alone(self, api: Api) -> None:
        """P8."""
        alice, bob, stranger = [await api.sign_up(name) for name in ("alice", "bob", "mallory")]
        elsewhere = await alice.on_another_device()
        phone, tablet = await alice.connect(), await elsewhere.connect()
        bobs, strangers = await bob.connect(), await stranger.connect()
        chat = await alice.direct(bob)
        assert (await type_(phone, chat))["type"] == "ok"
        assert await bobs.until(typing) == {
            "type": "typing",
            "conversation_id": chat,
            "user_id": alice.user_id,
            "state": "started",
        }
        for socket in (phone, tablet, strangers):
            await socket.ping()
            assert not any(map(typing, socket.frames))

    async def test_again_at_once_it_is_ok_and_not_passed_on(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, bobs = await alice.connect(), await bob.connect()
        chat, lobby = await alice.direct(bob), await alice.group(bob)
        for state in ("started", "stopped", "started"):
            assert (await type_(phone, chat, state))["type"] == "ok"
        await type_(phone, lobby)
        await bobs.until(lambda frame: typing(frame) and frame["conversation_id"] == lobby)
        assert [frame["conversation_id"] for frame in bobs.frames if typing(frame)] == [chat, lobby]

    async def test_strangers_may_not(self, api: Api) -> None:
        """P8."""
        alice, bob, stranger = [await api.sign_up(name) for name in ("alice", "bob", "mallory")]
        bobs, socket = await bob.connect(), await stranger.connect()
        chat = await alice.direct(bob)
        for conversation in (chat, "nowhere"):
            assert (await type_(socket, conversation))["code"] == "not_member"
        await bobs.ping()
        assert not any(map(typing, bobs.frames))
