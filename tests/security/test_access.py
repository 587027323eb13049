"""Who may not, cannot: every operation and every action of the documents, one row each."""

import pytest
from websockets.exceptions import InvalidStatus

from tests.security.documents import ACTIONS, OPERATIONS, is_open
from tests.security.rows import ACTIONS as ACTION_ROWS
from tests.security.rows import NOT_FOUND, NOT_MEMBER, ROWS, Answered
from tests.security.scene import SECRET, Ids, Persona, Scene, patiently, unheard_of
from tests.support.api import Reply, User

PROTECTED = [name for name in ROWS if not ROWS[name].open]
CONCERNING_OTHERS = [name for name in ROWS if ROWS[name].stranger is not None]
ACROSS_A_BLOCK = [name for name in ROWS if ROWS[name].blocked is not None]


async def called(stage: Scene, name: str, ids: Ids, *, token: str | None) -> Reply:
    method, path = name.split(" ")
    row = ROWS[name]
    return await patiently(
        lambda: stage.api.call(method, path.format(**ids), row.body(ids), token=token, query=row.query(ids))
    )


def check(reply: Reply, expected: Answered, stage: Scene) -> None:
    if isinstance(expected, int):
        reply.expect(expected)
    else:
        assert reply.refusal() == expected
    assert [secret for secret in stage.secrets if secret in f"{reply.body} {dict(reply.headers)}"] == []


def test_every_operation_has_a_row() -> None:
    assert sorted(OPERATIONS) == sorted(ROWS)


def test_every_action_has_a_row() -> None:
    assert sorted(ACTION_ROWS) == ACTIONS


def test_nothing_is_open_by_mistake() -> None:
    assert {name for name in ROWS if is_open(name)} == {name for name, row in ROWS.items() if row.open}


@pytest.mark.parametrize("name", PROTECTED)
class TestWithoutASession:
    @pytest.mark.parametrize("token", [None, "", "garbage", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
    async def test_nothing_is_answered(self, stage: Scene, name: str, token: str | None) -> None:
        check(await called(stage, name, stage.ids, token=token), (401, "unauthenticated"), stage)

    async def test_a_refresh_token_is_no_access_token(self, stage: Scene, name: str) -> None:
        refused = await called(stage, name, stage.ids, token=stage.stranger.user.refresh_token)
        check(refused, (401, "unauthenticated"), stage)

    @pytest.mark.parametrize("end", ["signed out", "password changed"])
    async def test_its_end_is_the_end(self, stage: Scene, name: str, end: str) -> None:
        refused = await called(stage, name, stage.ids, token=stage.over[end].access_token)
        check(refused, (401, "unauthenticated"), stage)


@pytest.mark.parametrize("name", CONCERNING_OTHERS)
class TestSomebodyElse:
    @pytest.mark.parametrize("persona", ["stranger", "removed"])
    async def test_gets_nothing_that_is_not_theirs(self, stage: Scene, name: str, persona: str) -> None:
        """With alice's ids; what was said in the conversation is in no answer."""
        who: Persona = getattr(stage, persona)
        expected = ROWS[name].stranger
        assert expected is not None
        check(await called(stage, name, who.ids, token=who.user.access_token), expected, stage)


@pytest.mark.parametrize("name", [name for name in ROWS if ROWS[name].stranger in {NOT_FOUND, NOT_MEMBER}])
async def test_strangers_cannot_tell_what_there_is(stage: Scene, name: str) -> None:
    """Ids of something and of nothing are refused alike (P8)."""
    who = stage.stranger
    replies = [await called(stage, name, ids, token=who.user.access_token) for ids in (who.ids, unheard_of(who.ids))]
    assert replies[0].body == replies[1].body


@pytest.mark.parametrize("name", ACROSS_A_BLOCK)
async def test_across_a_block(stage: Scene, name: str) -> None:
    who, expected = stage.blocked, ROWS[name].blocked
    assert expected is not None
    ids = {**who.ids, "conversation_id": who.mine} if ROWS[name].in_own_group else who.ids
    reply = await called(stage, name, ids, token=who.user.access_token)
    check(reply, expected, stage)
    if name in {"GET /v1/users", "GET /v1/contacts"}:
        assert reply.body == {"items": []}


class TestAfterAll:
    async def test_alice_has_what_she_had(self, stage: Scene) -> None:
        """Her session, her group with its name, and what she said in it."""
        alice = stage.alice
        (await patiently(lambda: alice.call("GET", "/v1/users/me"))).expect(200)
        group = (await alice.call("GET", f"/v1/conversations/{stage.ids['conversation_id']}")).expect(200)
        assert (group["title"], group["role"], group["member_count"]) == (SECRET, "owner", 2)
        page = await alice.page(stage.ids["conversation_id"])
        assert [event["content"]["text"] for event in page["events"] if event["type"] == "message"] == [SECRET]


async def refused_upgrade(stage: Scene, user: User) -> int:
    with pytest.raises(InvalidStatus) as refusal:
        await stage.api.open(stage.api.socket_url, token=user.access_token)
    return refusal.value.response.status_code


class TestSockets:
    @pytest.mark.parametrize("end", ["signed out", "password changed"])
    async def test_do_not_open_when_a_session_is_over(self, stage: Scene, end: str) -> None:
        assert await refused_upgrade(stage, stage.over[end]) == 401

    @pytest.mark.parametrize("action", ACTION_ROWS)
    @pytest.mark.parametrize("persona", ["stranger", "removed", "blocked"])
    async def test_refuse_who_may_not(self, stage: Scene, persona: str, action: str) -> None:
        who: Persona = getattr(stage, persona)
        row = ACTION_ROWS[action]
        answer = await who.phone.ask({"action": action, **row.frame(who.ids)})
        told = answer["code"] if answer["type"] == "error" else answer["type"]
        assert told == (row.blocked if persona == "blocked" else row.stranger)

    @pytest.mark.parametrize("action", ACTION_ROWS)
    async def test_do_not_tell_what_there_is(self, stage: Scene, action: str) -> None:
        who, row = stage.stranger, ACTION_ROWS[action]
        answers = [await who.phone.ask({"action": action, **row.frame(ids)}) for ids in (who.ids, unheard_of(who.ids))]
        said = [{key: answer.get(key) for key in ("type", "code", "detail")} for answer in answers]
        assert said[0] == said[1]

    async def test_show_strangers_nothing(self, stage: Scene) -> None:
        await stage.stranger.phone.ping()
        assert SECRET not in str(stage.stranger.phone.frames)
