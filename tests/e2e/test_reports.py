"""Reports for the operators: taken of what one may read, and seen by nobody else."""

import pytest

from tests.support.api import Api, Fields, Reply, User


async def report(user: User, conversation: str, seq: int, reason: str = "spam") -> Reply:
    body = {"conversation_id": conversation, "seq": seq, "reason": reason}
    return await user.call("POST", "/v1/reports", body)


async def a_conversation(api: Api) -> tuple[User, User, str]:
    """Alice says something at place 2."""
    alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
    chat = await alice.direct(bob)
    phone = await alice.connect()
    await phone.say(chat, "buy this")
    await phone.reach(chat, 2)
    return alice, bob, chat


class TestReports:
    async def test_what_one_may_read_one_may_report_again_and_again(self, api: Api) -> None:
        _, bob, chat = await a_conversation(api)
        for reason in ("spam", "and\nworse", "\N{CAT FACE}" * 1000):
            reply = await report(bob, chat, 2, reason)
            assert (reply.status, reply.body) == (202, None)

    async def test_nobody_in_the_conversation_is_told(self, api: Api) -> None:
        alice, bob, chat = await a_conversation(api)
        before = await alice.history(chat)
        (await report(bob, chat, 2)).expect(202)
        assert await alice.history(chat) == before

    async def test_what_is_not_there_is_not_found(self, api: Api) -> None:
        _, bob, chat = await a_conversation(api)
        assert (await report(bob, chat, 3)).refusal() == (404, "not_found")

    async def test_strangers_cannot(self, api: Api) -> None:
        """P8."""
        _, _, chat = await a_conversation(api)
        mallory = await api.sign_up("mallory")
        assert (await report(mallory, chat, 2)).refusal() == (403, "not_member")
        assert (await report(mallory, "nowhere", 1)).refusal() == (403, "not_member")

    @pytest.mark.parametrize("changes", [{"reason": ""}, {"reason": "x" * 1001}, {"seq": 0}, {"seq": "2"}], ids=str)
    async def test_what_makes_no_sense_is_refused(self, api: Api, changes: Fields) -> None:
        alice = await api.sign_up("alice")
        body = {"conversation_id": "c", "seq": 1, "reason": "spam"} | changes
        reply = await alice.call("POST", "/v1/reports", body)
        assert reply.refusal() == (400, "bad_request")
        assert reply.body["detail"].startswith(next(iter(changes)))
