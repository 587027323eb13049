"""An erasure that a fault interrupts is carried out all the same, and leaves nothing of what somebody said or was."""

import asyncio
import secrets

from local.cloud import Cloud
from tests.support.api import PASSWORD, Api, User
from tests.support.files import attach, link, showing
from tests.support.leftovers import database, found
from tests.support.socket import Socket, message, text

DONE_WITHIN_S = 90.0
LOOK_S = 0.5


async def carried_out(cloud: Cloud, user: User) -> None:
    """Let `erase` have its turns until it is done."""
    with database(cloud) as connection:
        async with asyncio.timeout(DONE_WITHIN_S):
            while True:
                cloud.runtime.schedules.trigger("natter-local-erase")
                await asyncio.sleep(LOOK_S)
                query = "SELECT done_at FROM erasures WHERE user_id = %s"
                (done_at,) = connection.execute(query, [user.user_id]).fetchone() or (None,)
                if done_at is not None:
                    return


class TestErasure:
    async def test_leaves_nothing_though_the_log_was_down(self, cloud: Cloud, api: Api) -> None:
        words, token, name = (secrets.token_hex(16) for _ in range(3))
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        (await alice.call("PATCH", "/v1/users/me", {"display_name": name})).expect(200)
        push = {"provider": "fcm", "token": token}
        (await alice.call("PUT", f"/v1/devices/{alice.device_id}/push", push)).expect(204)
        (await alice.call("PUT", f"/v1/contacts/{bob.user_id}")).expect(204)
        chat, group = await alice.direct(bob), await alice.group(bob)
        phone, desk = await alice.connect(), await bob.connect()
        cat = await attach(alice, group, b"cat")
        for conversation in (chat, group):
            await phone.say(conversation, message(words, "m1"))
            seq = (await desk.event(conversation, "m1"))["seq"]
            edit = {"action": "edit", "client_id": "e1", "target_seq": seq, "content": text(f"{words} again")}
            await phone.ask({**edit, "conversation_id": conversation})
            await desk.event(conversation, "e1")
        await phone.say(group, showing(cat, "m2"))
        await desk.event(group, "m2")
        elsewhere = await self._sent_in_vain(alice, phone, desk, group)
        report = {"conversation_id": chat, "seq": 1, "reason": words}
        (await alice.call("POST", "/v1/reports", report)).expect(202)
        with database(cloud) as connection:
            query = "SELECT password_hash FROM credentials WHERE user_id = %s"
            ((password_hash,),) = connection.execute(query, [alice.user_id]).fetchall()
        secret = [words, token, name, password_hash, alice.device_id, alice.session_id, cat, *elsewhere]
        assert {each.partition(" ")[0] for each in found(cloud, secret)} == {*secret}

        await cloud.engines["kafka"].kill()
        try:
            (await alice.call("DELETE", "/v1/users/me", {"password": PASSWORD})).expect(202)
            assert all("content" not in event for event in await bob.history(chat))
            cloud.runtime.schedules.trigger("natter-local-erase")
        finally:
            await cloud.engines["kafka"].start()
        await carried_out(cloud, alice)

        # Both are forgotten in a while: that it has ended; and the phone's token, of which nothing says whose it was.
        in_a_while = f"session:{alice.session_id}", "in postgres: abandoned_endpoints"
        assert [each for each in found(cloud, secret) if not any(place in each for place in in_a_while)] == []
        for conversation in (chat, group):
            kinds = [event["type"] for event in await bob.history(conversation)]
            assert kinds.count("member_erased") == 1
        for file in (cat, *elsewhere):
            assert (await link(bob, group, file)).refusal() == (404, "not_found")

    async def _sent_in_vain(self, user: User, phone: Socket, desk: Socket, group: str) -> list[str]:
        """Files that no message shows: only uploaded, of a refused edit, of a message that is deleted and repeated."""
        pending, refused, deleted = [await attach(user, group, b"cat") for _ in range(3)]
        await desk.say(group, message("mine", "b1"))
        seq = (await phone.event(group, "b1"))["seq"]
        edit = {"action": "edit", "conversation_id": group, "target_seq": seq, **showing(refused, "no")}
        await phone.ask(edit)
        await phone.until(lambda frame: frame.get("client_ids") == ["no"])
        await phone.say(group, showing(deleted, "m3"))
        seq = (await phone.event(group, "m3"))["seq"]
        await phone.ask({"action": "delete", "conversation_id": group, "target_seq": seq, "client_id": "d1"})
        await phone.event(group, "d1")
        await phone.say(group, showing(deleted, "m3"))
        return [pending, refused, deleted]
