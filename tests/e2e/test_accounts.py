"""Users and sessions over HTTP: shapes, and the rules that a client can see."""

import asyncio

from tests.support.api import PASSWORD, Api, fresh


class TestUsers:
    async def test_sign_up_answers_who_one_is(self, api: Api) -> None:
        username = fresh("alice")
        body = {"username": username, "password": PASSWORD, "display_name": "Alice Ä."}
        user = (await api.call("POST", "/v1/users", body)).expect(201)
        assert user.keys() == {"user_id", "username", "display_name", "created_at", "contactable"}
        assert (user["username"], user["display_name"]) == (username, "Alice Ä.")

    async def test_a_name_is_given_once(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        reply = await api.call("POST", "/v1/users", {"username": alice.username, "password": PASSWORD})
        assert reply.refusal() == (409, "username_taken")

    async def test_users_find_each_other_by_name_and_id(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        profile = {"user_id": bob.user_id, "username": bob.username, "display_name": "Bob"}
        found = await alice.call("GET", "/v1/users", query={"username": bob.username})
        assert found.expect(200) == {"items": [profile]}
        assert (await alice.call("GET", f"/v1/users/{bob.user_id}")).expect(200) == profile

    async def test_nobody_of_that_name_is_an_empty_list(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        found = await alice.call("GET", "/v1/users", query={"username": fresh("nobody")})
        assert found.expect(200) == {"items": []}


class TestSessions:
    async def test_sign_in_answers_with_everything_a_client_keeps(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        device = {"device_id": fresh("phone"), "name": "Alice's phone", "platform": "ios"}
        body = {"username": alice.username, "password": PASSWORD, "device": device}
        session = (await api.call("POST", "/v1/sessions", body)).expect(201)
        assert session.keys() == {
            "access_token",
            "expires_in",
            "refresh_token",
            "user_id",
            "device_id",
            "session_id",
        }
        assert (session["user_id"], session["device_id"]) == (alice.user_id, device["device_id"])
        assert session["expires_in"] > 0

    async def test_unknown_name_and_wrong_password_look_the_same(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        replies = [
            await api.call("POST", "/v1/sessions", {"username": name, "password": "wrong horse battery"})
            for name in (alice.username, fresh("nobody"))
        ]
        assert [reply.refusal() for reply in replies] == [(401, "bad_credentials")] * 2
        assert replies[0].body == replies[1].body

    async def test_too_many_wrong_passwords_have_to_wait(self, api: Api) -> None:
        """Five a minute for a name; the right one waits too, other names do not."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        wrong = {"username": alice.username, "password": "wrong horse battery"}
        for _ in range(5):
            assert (await api.call("POST", "/v1/sessions", wrong)).refusal() == (401, "bad_credentials")
        assert (await api.call("POST", "/v1/sessions", wrong)).refusal() == (429, "rate_limited")
        await bob.on_another_device()

    async def test_refreshing_gives_a_new_pair(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        body = {"refresh_token": alice.refresh_token}
        renewed = (await api.call("POST", "/v1/sessions/refresh", body)).expect(200)
        assert renewed["refresh_token"] != alice.refresh_token
        assert (renewed["session_id"], renewed["device_id"]) == (alice.session_id, alice.device_id)
        (await api.call("GET", "/v1/users/me", token=renewed["access_token"])).expect(200)

    async def test_two_tabs_that_refresh_at_once_both_go_on(self, api: Api) -> None:
        """Until one of them refreshes again."""
        alice = await api.sign_up("alice")
        same = {"refresh_token": alice.refresh_token}
        replies = await asyncio.gather(*(api.call("POST", "/v1/sessions/refresh", same) for _ in range(2)))
        one, other = [reply.expect(200) for reply in replies]
        for pair in (one, other):
            (await api.call("GET", "/v1/users/me", token=pair["access_token"])).expect(200)
        (await api.call("POST", "/v1/sessions/refresh", {"refresh_token": one["refresh_token"]})).expect(200)
        late = await api.call("POST", "/v1/sessions/refresh", {"refresh_token": other["refresh_token"]})
        assert late.refusal() == (401, "bad_token")

    async def test_old_refresh_token_ends_the_session(self, api: Api) -> None:
        """The one before the last; the last one's grace is for who did not hear the answer."""
        alice = await api.sign_up("alice")
        old = {"refresh_token": alice.refresh_token}
        middle = (await api.call("POST", "/v1/sessions/refresh", old)).expect(200)
        last = {"refresh_token": middle["refresh_token"]}
        renewed = (await api.call("POST", "/v1/sessions/refresh", last)).expect(200)
        assert (await api.call("POST", "/v1/sessions/refresh", old)).refusal() == (401, "bad_token")
        new = {"refresh_token": renewed["refresh_token"]}
        assert (await api.call("POST", "/v1/sessions/refresh", new)).refusal() == (401, "bad_token")
        reply = await api.call("GET", "/v1/users/me", token=renewed["access_token"])
        assert reply.refusal() == (401, "unauthenticated")

    async def test_each_device_is_listed_until_it_signs_out(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        tablet = await alice.on_another_device()
        items = (await alice.call("GET", "/v1/sessions")).expect(200)["items"]
        assert {(item["session_id"], item["current"]) for item in items} == {
            (alice.session_id, True),
            (tablet.session_id, False),
        }
        (await tablet.call("DELETE", "/v1/sessions/current")).expect(204)
        items = (await alice.call("GET", "/v1/sessions")).expect(200)["items"]
        assert [item["session_id"] for item in items] == [alice.session_id]

    async def test_are_listed_page_by_page_the_one_used_last_first(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        devices = [alice, *[await alice.on_another_device() for _ in range(3)]]
        (await api.call("POST", "/v1/sessions/refresh", {"refresh_token": alice.refresh_token})).expect(200)
        first = (await alice.call("GET", "/v1/sessions", query={"limit": 3})).expect(200)
        query = {"limit": 3, "cursor": first["next_cursor"]}
        second = (await alice.call("GET", "/v1/sessions", query=query)).expect(200)
        listed = [item["session_id"] for page in (first, second) for item in page["items"]]
        assert listed == [devices[number].session_id for number in (0, 3, 2, 1)]
        assert "next_cursor" not in second


class TestHealth:
    async def test_says_that_all_is_well(self, api: Api) -> None:
        health = (await api.call("GET", "/v1/health")).expect(200)
        assert health["status"] == "ok"
        assert health["version"]
