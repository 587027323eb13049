"""The ledger on the real engines: losses that are planted are named, and nothing else is (P1)."""

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest

from infra.operators import where
from local.cloud import Cloud
from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.event_store import CassandraEventStore
from natter.adapters.cassandra.rows import bucket
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.domain.fold.writes import ClientIdKey, EventRow
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.ports.ledger import CommandHistory
from tests.messages import a_command, a_post
from tests.support import accounts
from tests.support.api import Api, fresh
from tests.support.command_topic import CommandTopic
from tests.support.invoke import invoked
from tests.support.lag import caught_up

WITHIN_S = 60.0
DELETE_EVENT = "DELETE FROM events WHERE conversation_id = ? AND bucket = ? AND seq = ?"


@pytest.fixture
def session(cloud: Cloud) -> Iterator[CassandraSession]:
    with accounts.tables(cloud) as session:
        yield session


def from_now_on(cloud: Cloud) -> CommandHistory:
    """A ledger that was told that all of before is accounted for."""
    history = accounts.history(cloud)
    history.looked_at({each: stretch.end for each, stretch in history.stretches().items()})
    return history


class TestLedger:
    async def test_a_row_that_is_gone_is_named_by_its_place_in_the_log(
        self,
        api: Api,
        cloud: Cloud,
        session: CassandraSession,
        planted: set[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Deleted behind the fold's back; then it is put back."""
        alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
        direct = ConversationId(await alice.direct(bob))
        await caught_up(cloud, within_s=WITHIN_S)
        history = from_now_on(cloud)
        anns = await alice.connect()
        client_ids = await anns.say(direct, "one", "two", "three")
        await anns.reach(direct, 4)
        await caught_up(cloud, within_s=WITHIN_S)

        timeline = CassandraTimeline(session)
        key = ClientIdKey(conversation_id=direct, sender_id=UserId(alice.user_id), client_id=ClientId(client_ids[1]))
        (outcome,) = timeline.outcomes([key])[key]
        head = timeline.heads([direct])[direct]
        planted.add(accounts.place(head.partition, outcome.offset))  # the function may come to look just now
        (event,) = timeline.events_at([(direct, 3)]).values()
        session.write([(DELETE_EVENT, (direct, bucket(3), 3))])
        found = await asyncio.to_thread(accounts.reconcile(history, session))
        CassandraEventStore(session).write([EventRow(event=event, written_at=accounts.now_ms() * 1000)])

        (lost,) = found.lost
        assert (lost.offset, lost.item) == (outcome.offset, 1)
        assert any(vars(each).get("offsets") == [outcome.offset] for each in caplog.records)

    async def test_a_batch_that_was_swallowed_is_named(
        self, session: CassandraSession, kafka_endpoint: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Committed, and nobody has folded it."""
        caplog.set_level(logging.CRITICAL)
        conversation = ConversationId(fresh("swallowed"))
        commands = [a_command(a_post(f"m{n}"), conversation=conversation) for n in range(3)]
        topic = await asyncio.to_thread(CommandTopic, kafka_endpoint, commands)
        ledger = accounts.reconcile(topic.history, session)
        assert (await asyncio.to_thread(ledger)).lost == ()
        await asyncio.to_thread(topic.decide, 2)
        found = await asyncio.to_thread(ledger)
        await asyncio.to_thread(topic.remove)
        assert [each.offset for each in found.lost] == [0, 1]

    async def test_the_function_finds_all_accounted_for_and_tells_where_a_message_is(
        self,
        api: Api,
        cloud: Cloud,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
        direct = await alice.direct(bob)
        anns = await alice.connect()
        (client_id,) = await anns.say(direct, "a secret")
        await anns.reach(direct, 2)
        await caught_up(cloud, within_s=WITHIN_S)
        assert (await invoked(cloud, "reconcile", b"{}"))["unaccounted"] == 0
        asked = {"conversation_id": direct, "sender_id": alice.user_id, "client_id": client_id}
        told = await invoked(cloud, "reconcile", json.dumps({"where": asked}).encode())
        assert (told["event"]["seq"], told["members"]) == (2, 2)
        assert "a secret" not in json.dumps(told)

        for name, value in {
            "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{cloud.runtime.admin_port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": cloud.app.outputs["Region"],
        }.items():
            monkeypatch.setenv(name, value)
        assert await asyncio.to_thread(where.main, [cloud.app.outputs["Stage"], direct, "2"]) == 0
        assert "stored at place 2 (message," in capsys.readouterr().out
