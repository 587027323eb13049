"""Who was away misses nothing: first the socket, then sync."""

from tests.support.api import Api
from tests.support.socket import NotSeenError


class TestOffline:
    async def test_messages_wait_for_the_one_who_is_away(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        await phone.say(chat, "Are you there?", "Call me")
        await phone.reach(chat, 3)
        tablet = await bob.connect()
        (entry,) = (await bob.sync())["conversations"]
        assert [event["content"]["text"] for event in entry["events"][1:]] == ["Are you there?", "Call me"]
        assert entry["unread"] == 2
        (client_id,) = await phone.say(chat, "There you are")
        assert (await tablet.event(chat, client_id))["seq"] == 4

    async def test_what_comes_between_two_connections_is_in_the_sync(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone, tablet = await alice.connect(), await bob.connect()
        chat = await alice.direct(bob)
        await phone.say(chat, "seen live")
        await tablet.reach(chat, 2)
        await tablet.close()
        await phone.say(chat, "missed")
        await phone.reach(chat, 3)
        again = await bob.connect()
        (entry,) = (await bob.sync({chat: {"seq": 2, "read_seq": 1}}))["conversations"]
        assert [event["content"]["text"] for event in entry["events"]] == ["missed"]
        (client_id,) = await phone.say(chat, "live again")
        assert (await again.event(chat, client_id))["seq"] == 4

    async def test_nothing_falls_between_sync_and_live(self, api: Api) -> None:
        """Someone connects and syncs while another writes: every event is in the sync or comes live."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        phone = await alice.connect()
        chat = await alice.direct(bob)
        sent: list[str] = []
        for number in range(4):
            sent += await phone.say(chat, f"before {number}")
            tablet = await bob.connect()
            sent += await phone.say(chat, f"during {number}")
            answer = await bob.sync()
            sent += await phone.say(chat, f"after {number}")
            synced = {event.get("client_id") for entry in answer["conversations"] for event in entry["events"]}
            for client_id in set(sent) - synced:
                try:
                    await tablet.event(chat, client_id)
                except NotSeenError as error:
                    raise AssertionError(f"round {number}: {client_id} was neither synced nor live") from error
            await tablet.close()
