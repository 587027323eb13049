"""What fails costs presence time; then it is right again (P9)."""

import time

from local.cloud import Cloud
from local.faults import Duplicate, Fault, Kill, Zombie
from tests.support.api import Api
from tests.support.presence import asked, say, told, watch
from tests.support.valkey import flush

TOLD_WITHIN_S = 15.0
BACK_WITHIN_S = 60.0


class TestPresence:
    async def test_after_valkey_has_forgotten_everything(self, cloud: Cloud, api: Api) -> None:
        """A ping registers again, and says to sync; then one watches again, too."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        await alice.direct(bob)
        screen, phone = await alice.connect(), await bob.connect()
        assert await watch(screen, bob) == {bob.user_id: "online"}
        await flush(cloud)
        since = len(screen.frames)
        assert (await screen.ask({"action": "ping"}))["sync"]
        await watch(screen, bob)
        assert (await phone.ask({"action": "ping"}))["sync"]
        await told(screen, bob, "online", since=since, within_s=BACK_WITHIN_S)
        assert await asked(alice, bob) == {bob.user_id: "online"}

    async def test_without_kafka_one_connects_and_is_there_and_a_status_is_refused_in_time(
        self, cloud: Cloud, api: Api
    ) -> None:
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        await alice.direct(bob)
        screen = await alice.connect()
        assert await watch(screen, bob) == {bob.user_id: "offline"}
        await cloud.engines["kafka"].kill()
        try:
            phone = await bob.connect()
            began = time.monotonic()
            refused = await phone.ask({"action": "status", "state": "away"})
            assert (refused["code"], time.monotonic() - began < TOLD_WITHIN_S) == ("unavailable", True)
            assert await asked(alice, bob) == {bob.user_id: "away"}
        finally:
            await cloud.engines["kafka"].start()
        await phone.insist({"action": "status", "state": "away"}, within_s=BACK_WITHIN_S)
        await told(screen, bob, "away", within_s=BACK_WITHIN_S)

    async def test_whatever_happens_to_who_tells_the_last_that_is_told_is_true(self, cloud: Cloud, api: Api) -> None:
        """Killed under way, batches given to two at once, batches given twice."""
        alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
        await alice.direct(bob)
        screen, phone = await alice.connect(), await bob.connect()
        await watch(screen, bob)
        faults: list[tuple[Fault, str, str]] = [
            (Kill("presence"), "online", "away"),
            (Zombie("presence", invocations=2, seconds=3), "away", "online"),
            (Duplicate("presence", batches=2), "online", "away"),
        ]
        for fault, before, last in faults:
            await cloud.faults.apply(fault)
            since = len(screen.frames)
            await say(phone, before)
            await say(phone, last)
            await told(screen, bob, last, since=since, within_s=BACK_WITHIN_S)
            assert await asked(alice, bob) == {bob.user_id: last}
