"""What a client is told that comes back: exactly the gap, or that it is too wide."""

from typing import Any

from tests.support.api import Api, User, fresh


async def a_pair(api: Api, *, messages: int) -> tuple[User, User, str]:
    """Alice has written `messages` to Bob, who is not connected; the first event creates the conversation."""
    alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
    phone = await alice.connect()
    chat = await alice.direct(bob)
    for start in range(0, messages, 20):
        await phone.say(chat, *(f"number {number}" for number in range(start, min(start + 20, messages))))
    await phone.reach(chat, messages + 1)
    return alice, bob, chat


def places(entry: dict[str, Any]) -> list[int]:
    return [event["seq"] for event in entry["events"]]


class TestSync:
    async def test_gap_is_filled_exactly(self, api: Api) -> None:
        _, bob, chat = await a_pair(api, messages=10)
        answer = await bob.sync({chat: {"seq": 4, "read_seq": 1}})
        (entry,) = answer["conversations"]
        assert (list(range(5, 12)), False) == (places(entry), entry["limited"])
        assert tuple(entry[name] for name in ("first_seq", "head_seq", "state_seq")) == (1, 11, 11)
        assert entry["events"] == (await bob.history(chat))[4:]
        assert "next_cursor" not in answer

    async def test_conversation_that_is_new_comes_as_a_whole(self, api: Api) -> None:
        _, bob, chat = await a_pair(api, messages=3)
        (entry,) = (await bob.sync())["conversations"]
        assert (chat, [1, 2, 3, 4], False) == (entry["conversation_id"], places(entry), entry["limited"])
        assert (entry["read_seq"], entry["unread"], entry["archived"], entry["notify"]) == (1, 3, False, "all")

    async def test_gap_that_is_too_wide_is_the_newest_and_says_so(self, api: Api) -> None:
        _, bob, chat = await a_pair(api, messages=30)
        (entry,) = (await bob.sync({chat: {"seq": 1, "read_seq": 1}}, limit=10))["conversations"]
        assert (list(range(22, 32)), True) == (places(entry), entry["limited"])
        (exact,) = (await bob.sync({chat: {"seq": 21, "read_seq": 1}}, limit=10))["conversations"]
        assert (list(range(22, 32)), False) == (places(exact), exact["limited"])

    async def test_who_has_everything_is_told_nothing(self, api: Api) -> None:
        _, bob, chat = await a_pair(api, messages=2)
        answer = await bob.sync({chat: {"seq": 3, "read_seq": 1}})
        assert answer["conversations"] == []

    async def test_sending_moves_the_senders_own_cursor(self, api: Api) -> None:
        """Sending marks everything before as read: the sender's other device learns of it."""
        alice, _, chat = await a_pair(api, messages=5)
        (entry,) = (await alice.sync({chat: {"seq": 6, "read_seq": 1}}))["conversations"]
        assert (places(entry), entry["read_seq"], entry["unread"]) == ([], 6, 0)

    async def test_position_beyond_the_head_is_limited(self, api: Api) -> None:
        _, bob, chat = await a_pair(api, messages=2)
        (entry,) = (await bob.sync({chat: {"seq": 99, "read_seq": 1}}))["conversations"]
        assert (places(entry), entry["limited"], entry["head_seq"]) == ([1, 2, 3], True, 3)

    async def test_what_one_may_not_read_is_removed(self, api: Api) -> None:
        """P8: a stranger's conversation looks like one that does not exist."""
        _, _, chat = await a_pair(api, messages=1)
        stranger = await api.sign_up("mallory")
        invented = fresh("nowhere")
        positions = {chat: {"seq": 0, "read_seq": 0}, invented: {"seq": 7, "read_seq": 0}}
        answer = await stranger.sync(positions)
        assert {(chat, True), (invented, True)} == {
            (entry["conversation_id"], entry["removed"]) for entry in answer["conversations"]
        }
        assert all({"conversation_id", "removed"} == entry.keys() for entry in answer["conversations"])

    async def test_long_answers_go_on_with_the_cursor(self, api: Api) -> None:
        """200 positions to an answer; the same positions are sent again with the cursor."""
        _, bob, chat = await a_pair(api, messages=1)
        positions = {chat: {"seq": 0, "read_seq": 0}} | {f"none_{n}": {"seq": 1, "read_seq": 0} for n in range(250)}
        first = await bob.sync(positions)
        second = await bob.sync(positions, cursor=first["next_cursor"])
        assert "next_cursor" not in second
        told = [entry["conversation_id"] for entry in first["conversations"] + second["conversations"]]
        assert sorted(positions) == sorted(told)

    async def test_cursor_must_be_one_of_ours(self, api: Api) -> None:
        alice = await api.sign_up("alice")
        reply = await alice.call("POST", "/v1/sync", {"positions": {}, "cursor": "bm90IG91cnM="})
        assert reply.refusal() == (400, "bad_request")
