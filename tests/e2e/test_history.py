"""Pages of history: both directions, their limits, and who may read them."""

import pytest

from tests.support.api import Api, User


async def a_conversation(api: Api) -> tuple[User, str]:
    """Its 41 events: the one that creates it, and 40 messages."""
    alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
    phone = await alice.connect()
    chat = await alice.direct(bob)
    for start in (2, 22):
        await phone.say(chat, *(f"at {seq}" for seq in range(start, start + 20)))
    await phone.reach(chat, 41)
    return bob, chat


def places(page: dict[str, list[dict[str, int]]]) -> list[int]:
    return [event["seq"] for event in page["events"]]


class TestPages:
    async def test_newest_come_first_when_nothing_is_asked(self, api: Api) -> None:
        bob, chat = await a_conversation(api)
        page = await bob.page(chat, limit=5)
        assert places(page) == [37, 38, 39, 40, 41]
        assert tuple(page[name] for name in ("has_more", "first_seq", "head_seq", "state_seq")) == (True, 1, 41, 41)

    async def test_after_goes_forward_and_is_exclusive(self, api: Api) -> None:
        bob, chat = await a_conversation(api)
        page = await bob.page(chat, after=30, limit=10)
        assert (list(range(31, 41)), True) == (places(page), page["has_more"])
        last = await bob.page(chat, after=40, limit=10)
        assert (places(last), last["has_more"]) == ([41], False)

    async def test_before_goes_back_is_exclusive_and_ascends(self, api: Api) -> None:
        bob, chat = await a_conversation(api)
        page = await bob.page(chat, before=12, limit=10)
        assert (list(range(2, 12)), True) == (places(page), page["has_more"])
        first = await bob.page(chat, before=2, limit=10)
        assert (places(first), first["has_more"]) == ([1], False)

    async def test_nothing_is_beyond_the_ends(self, api: Api) -> None:
        bob, chat = await a_conversation(api)
        for page in (await bob.page(chat, after=41), await bob.page(chat, after=1000), await bob.page(chat, before=1)):
            assert (places(page), page["has_more"]) == ([], False)

    async def test_fifty_unless_asked_otherwise(self, api: Api) -> None:
        bob, chat = await a_conversation(api)
        phone = await bob.connect()
        await phone.say(chat, *(f"at {seq}" for seq in range(42, 62)))
        await phone.reach(chat, 61)
        page = await bob.page(chat)
        assert (list(range(12, 62)), True) == (places(page), page["has_more"])

    async def test_both_directions_show_the_same(self, api: Api) -> None:
        """P2."""
        bob, chat = await a_conversation(api)
        forward = await bob.history(chat)
        backward: list[dict[str, object]] = []
        before = 42
        while before > 1:
            page = await bob.page(chat, before=before, limit=7)
            backward = page["events"] + backward
            before = page["events"][0]["seq"]
        assert forward == backward
        assert [f"at {event['seq']}" for event in forward[1:]] == [event["content"]["text"] for event in forward[1:]]

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": 0},
            {"limit": 201},
            {"limit": "many"},
            {"after": -1},
            {"before": "x"},
            {"after": 1, "before": 9},
        ],
        ids=str,
    )
    async def test_what_makes_no_sense_is_refused(self, api: Api, query: dict[str, int | str]) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        chat = await alice.direct(bob)
        reply = await alice.call("GET", f"/v1/conversations/{chat}/events", query=query)
        assert reply.refusal() == (400, "bad_request")
        assert all(name in reply.body["detail"] for name in query)
