"""Runbooks about who connects, who talks and who is to go, followed: their commands as they are written."""

import asyncio
import json
from collections.abc import Sequence

import pytest
from websockets.exceptions import InvalidStatus

from local.cloud import Cloud
from local.faults import Throttle
from natter.names import COMMANDS_TOPIC
from natter.records.messages import COMMAND_SCHEMA
from tests.reliability.test_runbooks import Talk
from tests.reliability.test_set_aside import append_unreadable
from tests.support.api import PASSWORD, Api, User
from tests.support.crowd import crowd
from tests.support.leftovers import database
from tests.support.runbooks import Shell, blocks, filled, of_laptop
from tests.support.socket import message
from tests.support.until import until

pytestmark = pytest.mark.usefixtures("well")
PEOPLE = 6
WITHIN_S = 90.0


def commands(runbook: str, number: int = 0) -> list[str]:
    """Those of a block for the laptop, one by one."""
    return of_laptop(runbook)[number].splitlines()[1:]


class TestReconnectStorm:
    async def test_who_is_kept_out_comes_back_and_has_missed_nothing(
        self, api: Api, cloud: Cloud, shell: Shell
    ) -> None:
        count = blocks("reconnect-storm")[0].partition("aws cloudwatch describe")[0]
        throttle, status, clear = commands("reconnect-storm")
        async with crowd(api, users=PEOPLE) as (clients, ledger):
            one, other = clients[:2]
            chat = await one.user.direct(other.user)
            await asyncio.gather(*(client.reach(chat, 1, within_s=WITHIN_S) for client in (one, other)))
            opened = await self._opened(cloud, shell, count, at_least=len(clients))
            await shell(throttle)
            assert "throttle natter-local-authorize" in await shell(status)
            await asyncio.gather(*(client.reconnect() for client in clients))
            with pytest.raises(InvalidStatus):
                await one.user.connect()
            waits = asyncio.create_task(one.say(chat, "hello"))
            await shell(clear)
            await waits
            await asyncio.gather(*(client.reach(chat, 2, within_s=WITHIN_S) for client in (one, other)))
            assert ledger.refusals == {}
            await self._opened(cloud, shell, count, at_least=opened + len(clients))

    async def _opened(self, cloud: Cloud, shell: Shell, count: str, *, at_least: float) -> float:
        """How many connections have been opened, as the runbook counts them."""
        found = 0.0
        async with asyncio.timeout(WITHIN_S):
            while found < at_least:
                assert cloud.runtime.metrics is not None
                await cloud.runtime.metrics.flush()
                found = float(json.loads(await shell(count)) or 0)
        return found


class TestHotConversation:
    async def test_is_found_in_the_log_with_who_talks_there(
        self, api: Api, cloud: Cloud, shell: Shell, planted: set[str]
    ) -> None:
        talk = await Talk.begin(api)
        alice, screen, chat = talk.alice, talk.screen, talk.chat
        for frame in range(20):
            await screen.say(chat, message(f"{frame}"))
        planted.add(chat)  # what is to be set aside hides nobody
        await asyncio.to_thread(append_unreadable, cloud.engines["kafka"].address, COMMANDS_TOPIC, chat, COMMAND_SCHEMA)
        (look,) = blocks("hot-conversation", "python")
        lines = [line.split() for line in (await shell.python(look)).splitlines()]
        ((partition, count),) = [(number, int(count)) for number, *key, count in lines if key == [chat, alice.user_id]]
        assert count >= 20
        where, status = commands("hot-conversation")
        assert f" at {partition}/" in await shell(filled(where, CONVERSATION=chat, SEQ="2"))
        assert "chat.commands" in await shell(status)


class TestLeakedToken:
    async def test_a_user_ends_a_session_from_another_device(self, api: Api, shell: Shell) -> None:
        lost = await api.sign_up("alice")
        phone = await lost.connect()
        good = await lost.on_another_device()
        look, end = blocks("leaked-token")[0].splitlines()
        at = {"HTTP_URL": api.url, "TOKEN": good.access_token}
        found = json.loads(await shell(filled(look, **at)))["items"]
        assert {each["session_id"] for each in found} == {lost.session_id, good.session_id}
        await shell(filled(end, SESSION=lost.session_id, **at))
        await self._is_out([lost], [phone])
        (await good.call("GET", "/v1/users/me")).expect(200)

    @pytest.mark.parametrize("number", [1, 2], ids=["on AWS", "on the laptop"])
    async def test_an_operator_ends_all_sessions_of_somebody(self, api: Api, shell: Shell, number: int) -> None:
        phone = await api.sign_up("alice")
        tablet = await phone.on_another_device()
        sockets = [await phone.connect(), await tablet.connect()]
        end = blocks("leaked-token")[number]
        assert "sessions_ended" in await shell(filled(end, USER=phone.user_id))
        await self._is_out([phone, tablet], sockets)
        await (await User.sign_in(api, phone.username)).connect()

    async def _is_out(self, users: Sequence[User], sockets: Sequence[object]) -> None:
        for user in users:
            assert (await user.call("GET", "/v1/users/me")).refusal() == (401, "unauthenticated")
            refresh = await user.api.call("POST", "/v1/sessions/refresh", {"refresh_token": user.refresh_token})
            assert refresh.refusal()[0] == 401
        for socket in sockets:
            assert await socket.closed() is not None  # type: ignore[attr-defined]


class TestErasures:
    async def test_one_that_waits_is_found_with_what_it_waits_for(self, cloud: Cloud, api: Api, shell: Shell) -> None:
        """The fold has not come to the event: `told` is true, `emptied_to` 0, as the runbook has it."""
        talk = await Talk.begin(api)
        (query,) = blocks("erasures", "sql")
        await cloud.faults.apply(Throttle("persist"))
        (await talk.alice.call("DELETE", "/v1/users/me", {"password": PASSWORD})).expect(202)
        user = talk.alice.user_id
        await until(
            lambda: self._waits(cloud, query, user) == [(talk.chat, True, 0)], "it waits for the fold", within_s=90
        )
        await cloud.faults.clear()
        await self._carried_out(cloud, shell, query, user)

    async def test_an_operator_has_somebody_erased(self, cloud: Cloud, api: Api, shell: Shell) -> None:
        talk = await Talk.begin(api)
        user = talk.alice.user_id
        (query,) = blocks("erasures", "sql")
        assert "erasure_asked_for" in await shell(filled(blocks("erasures")[0], USER=user))
        assert (await talk.alice.call("GET", "/v1/users/me")).refusal() == (401, "unauthenticated")
        await self._carried_out(cloud, shell, query, user)

    async def _carried_out(self, cloud: Cloud, shell: Shell, query: str, user: str) -> None:
        (turn,) = commands("erasures")
        async with asyncio.timeout(WITHIN_S):
            while self._waits(cloud, query, user):
                await shell(turn)

    def _waits(self, cloud: Cloud, query: str, user: str) -> list[tuple[object, ...]]:
        with database(cloud) as connection:
            return [tuple(rest) for each, _, *rest in connection.execute(query.encode()) if each == user]
