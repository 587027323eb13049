"""Profiles, contacts and passwords over HTTP: shapes, and what others see."""

from tests.support.api import PASSWORD, Api, User, fresh

NEW_PASSWORD = "new horse battery"


async def listed(user: User, path: str, *, limit: int) -> list[str]:
    """The ids of a whole list, page by page."""
    ids: list[str] = []
    query: dict[str, str | int] = {"limit": limit}
    while True:
        page = (await user.call("GET", path, query=query)).expect(200)
        assert len(page["items"]) <= limit
        ids += [item["user_id"] for item in page["items"]]
        if "next_cursor" not in page:
            return ids
        query["cursor"] = page["next_cursor"]


class TestProfile:
    async def test_a_change_is_seen_by_oneself_and_by_others(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        before = (await alice.call("GET", "/v1/users/me")).expect(200)
        assert before.keys() == {"user_id", "username", "display_name", "created_at", "contactable"}
        wanted = {"display_name": "Alice Ä. 🦊", "avatar": "https://a.example/alice.png"}
        assert (await alice.call("PATCH", "/v1/users/me", wanted)).expect(200) == before | wanted
        assert (await alice.call("GET", "/v1/users/me")).expect(200) == before | wanted
        seen = (await bob.call("GET", f"/v1/users/{alice.user_id}")).expect(200)
        assert seen == {"user_id": alice.user_id, "username": alice.username, **wanted}

    async def test_null_clears_the_avatar(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        (await alice.call("PATCH", "/v1/users/me", {"avatar": "https://a.example/1.png"})).expect(200)
        assert "avatar" not in (await alice.call("PATCH", "/v1/users/me", {"avatar": None})).expect(200)

    async def test_who_is_contactable_for_contacts_is_nobody_to_others(self, api: Api) -> None:
        """And nobody can tell why: the answers are those about somebody who does not exist."""
        alice, bob, carol = await api.sign_up("alice"), await api.sign_up("bob"), await api.sign_up("carol")
        me = (await bob.call("PATCH", "/v1/users/me", {"contactable": "contacts"})).expect(200)
        assert me["contactable"] == "contacts"
        (await bob.call("PUT", f"/v1/contacts/{carol.user_id}")).expect(204)
        (await alice.call("PUT", f"/v1/contacts/{bob.user_id}")).expect(204)
        group = await alice.group()
        answers = []
        for user_id in (bob.user_id, fresh("nobody")):
            direct = await alice.call("POST", "/v1/conversations", {"kind": "direct", "members": [user_id]})
            added = await alice.call("POST", f"/v1/conversations/{group}/members", {"user_ids": [user_id]})
            put = await alice.call("PUT", f"/v1/conversations/{group}/members/{user_id}", {"role": "member"})
            answers.append([reply.body for reply in (direct, added, put)])
        assert answers[0] == answers[1]
        assert {answer["code"] for answer in answers[0]} == {"not_found"}
        assert await carol.direct(bob)
        assert await carol.group(bob)

    async def test_everybody_has_a_name(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        for body in ({"display_name": None}, {"display_name": "x" * 65}, {"avatar": "http://a.example/1.png"}):
            assert (await alice.call("PATCH", "/v1/users/me", body)).refusal() == (400, "bad_request")


class TestNotifications:
    async def test_are_ones_own_on_all_devices(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        tablet = await alice.on_another_device()
        quiet = {"from": "22:00", "to": "07:00", "time_zone": "Europe/Zurich"}
        usual = {"previews": True, "mentions_pierce_mute": True}
        for body, expected in (
            ({}, usual),
            ({"quiet": quiet}, usual | {"quiet": quiet}),
            ({"previews": False}, {"previews": False, "mentions_pierce_mute": True, "quiet": quiet}),
            ({"previews": None, "quiet": None}, usual),
            ({"mentions_pierce_mute": False}, {"previews": True, "mentions_pierce_mute": False}),
        ):
            assert (await alice.call("PATCH", "/v1/users/me/notifications", body)).expect(200) == expected
            assert (await tablet.call("GET", "/v1/users/me/notifications")).expect(200) == expected
        assert (await bob.call("GET", "/v1/users/me/notifications")).expect(200) == usual

    async def test_ones_other_devices_are_told(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        laptop = await (await alice.on_another_device()).connect()
        phone, stranger = await alice.connect(), await bob.connect()
        quiet = {"from": "22:00", "to": "07:00", "time_zone": "Europe/Zurich"}
        changed = (await alice.call("PATCH", "/v1/users/me/notifications", {"quiet": quiet})).expect(200)
        told = await laptop.until(lambda frame: frame["type"] == "notifications")
        assert told == {"type": "notifications", **changed}
        for socket in (phone, stranger):
            await socket.ping()
            assert not [frame for frame in socket.frames if frame["type"] == "notifications"]

    async def test_quiet_hours_are_of_a_zone_that_exists(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        quiet = {"from": "22:00", "to": "07:00", "time_zone": "Europe/Zurich"}
        wrong = ({"from": "22:00:00"}, {"to": "24:00"}, {"time_zone": "/etc/localtime"}, {"time_zone": "Europe/../UTC"})
        for change in wrong:
            reply = await alice.call("PATCH", "/v1/users/me/notifications", {"quiet": quiet | change})
            assert reply.refusal() == (400, "bad_request")
            assert reply.body["detail"].startswith(f"quiet.{next(iter(change))}: ")
        assert "quiet" not in (await alice.call("GET", "/v1/users/me/notifications")).expect(200)


class TestPassword:
    async def test_a_change_signs_out_everywhere_else_at_once(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        tablet = await alice.on_another_device()
        socket, tablets_socket = await alice.connect(), await tablet.connect()
        body = {"current": PASSWORD, "new": NEW_PASSWORD}
        (await alice.call("PUT", "/v1/users/me/password", body)).expect(204)
        await tablets_socket.closed()
        assert tablets_socket.frames[-1] == {"type": "signed_out"}
        assert (await tablet.call("GET", "/v1/users/me")).refusal() == (401, "unauthenticated")
        renewal = await api.call("POST", "/v1/sessions/refresh", {"refresh_token": tablet.refresh_token})
        assert renewal.refusal() == (401, "bad_token")
        await socket.ping()
        (await alice.call("GET", "/v1/users/me")).expect(200)

    async def test_from_then_on_only_the_new_one_opens(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        body = {"current": PASSWORD, "new": NEW_PASSWORD}
        (await alice.call("PUT", "/v1/users/me/password", body)).expect(204)
        old, new = ({"username": alice.username, "password": each} for each in (PASSWORD, NEW_PASSWORD))
        assert (await api.call("POST", "/v1/sessions", old)).refusal() == (401, "bad_credentials")
        (await api.call("POST", "/v1/sessions", new)).expect(201)

    async def test_too_many_wrong_ones_have_to_wait(self, api: Api) -> None:
        """Five a minute, of which each attempt tries two; who tries it at the door does not keep one from it."""
        alice = await api.sign_up("alice")
        wrong = {"current": "wrong horse battery", "new": NEW_PASSWORD}
        for _ in range(5):
            tried = {"username": alice.username, "password": "wrong horse battery"}
            assert (await api.call("POST", "/v1/sessions", tried)).refusal() == (401, "bad_credentials")
        for _ in range(2):
            assert (await alice.call("PUT", "/v1/users/me/password", wrong)).refusal() == (401, "bad_credentials")
        assert (await alice.call("PUT", "/v1/users/me/password", wrong)).refusal() == (429, "rate_limited")


class TestContacts:
    async def test_are_kept_until_they_are_removed(self, api: Api) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        for _ in range(2):
            (await alice.call("PUT", f"/v1/contacts/{bob.user_id}")).expect(204)
        profile = {"user_id": bob.user_id, "username": bob.username, "display_name": "Bob"}
        assert (await alice.call("GET", "/v1/contacts")).expect(200) == {"items": [profile]}
        assert (await bob.call("GET", "/v1/contacts")).expect(200) == {"items": []}
        for _ in range(2):
            (await alice.call("DELETE", f"/v1/contacts/{bob.user_id}")).expect(204)
        assert (await alice.call("GET", "/v1/contacts")).expect(200) == {"items": []}

    async def test_everybody_is_listed_once_page_by_page(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        others = [await api.sign_up("friend") for _ in range(5)]
        for other in others:
            (await alice.call("PUT", f"/v1/contacts/{other.user_id}")).expect(204)
        found = await listed(alice, "/v1/contacts", limit=2)
        assert sorted(found) == sorted(other.user_id for other in others)

    async def test_neither_nobody_nor_oneself(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        assert (await alice.call("PUT", f"/v1/contacts/{fresh('nobody')}")).refusal() == (404, "not_found")
        assert (await alice.call("PUT", f"/v1/contacts/{alice.user_id}")).refusal() == (400, "bad_request")
