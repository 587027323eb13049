"""Devices over HTTP, and where they are woken."""

from tests.support.api import PASSWORD, Api, Fields, User, fresh


async def devices(user: User) -> dict[str, Fields]:
    items = (await user.call("GET", "/v1/devices")).expect(200)["items"]
    return {item["device_id"]: item for item in items}


async def register(user: User, token: str, device_id: str | None = None) -> int:
    body = {"provider": "fcm", "token": token}
    return (await user.call("PUT", f"/v1/devices/{device_id or user.device_id}/push", body)).status


class TestDevices:
    async def test_are_those_on_which_one_has_signed_in(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        device = {"device_id": fresh("phone"), "name": "Alice's phone", "platform": "ios"}
        body = {"username": alice.username, "password": PASSWORD, "device": device}
        (await api.call("POST", "/v1/sessions", body)).expect(201)
        found = await devices(alice)
        assert found.keys() == {alice.device_id, device["device_id"]}
        phone = found[device["device_id"]]
        assert phone.keys() == {"device_id", "name", "platform", "last_seen_at"}
        assert device.items() <= phone.items()

    async def test_are_woken_where_they_say(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        for _ in range(2):
            assert await register(alice, "token") == 204
        assert (await devices(alice))[alice.device_id]["push"] == "fcm"
        for _ in range(2):
            (await alice.call("DELETE", f"/v1/devices/{alice.device_id}/push")).expect(204)
        assert "push" not in (await devices(alice))[alice.device_id]

    async def test_a_token_belongs_to_who_registered_it_last(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        token = fresh("token")
        for user in (alice, bob):
            assert await register(user, token) == 204
        assert "push" not in (await devices(alice))[alice.device_id]
        assert (await devices(bob))[bob.device_id]["push"] == "fcm"

    async def test_of_others_are_unknown(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        for device in (bob.device_id, fresh("nothing")):
            assert await register(alice, fresh("token"), device) == 404
            reply = await alice.call("DELETE", f"/v1/devices/{device}/push")
            assert reply.refusal() == (404, "not_found")

    async def test_a_session_that_ends_takes_the_registration_with_it(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        tablet = await alice.on_another_device()
        for user in (alice, tablet):
            assert await register(user, fresh("token")) == 204
        (await alice.call("DELETE", f"/v1/sessions/{tablet.session_id}")).expect(204)
        found = await devices(alice)
        assert found[alice.device_id]["push"] == "fcm"
        assert "push" not in found[tablet.device_id]
