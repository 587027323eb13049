"""The engine and its store where networks are well-behaved and everything else is not."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from natter_client.store import Store
from tests.clients.python.world import Cloud, Device


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def device(cloud: Cloud, tmp_path: Path) -> Iterator[Device]:
    device = Device(cloud, tmp_path / "ann.db", Random(1).random)
    device.settle()
    yield device
    device.store.close()


def text(client_id: str, chat: str, words: str) -> dict[str, object]:
    fields = {"content": {"type": "text", "text": words}}
    return {"client_id": client_id, "conversation_id": chat, "action": "send", "fields": fields, "state": "queued"}


def said(cloud: Cloud) -> list[str]:
    log = cloud.world.conversations[cloud.chats[0]].log
    return [event["content"]["text"] for event in log if event["type"] == "message"]


def written_elsewhere(device: Device, entry: dict[str, object]) -> None:
    """By a process that follows."""
    follower = Store(device.path)
    follower.save(entry)
    follower.close()


def told(device: Device, after: int) -> list[tuple[bool, str, int]]:
    return [(each.is_new, each.event["type"], each.event.get("seq", 0)) for each in device.store.changes(after)]


class TestOutbox:
    def test_what_another_process_wrote_before_is_sent(self, cloud: Cloud, device: Device) -> None:
        written_elsewhere(device, text("f", cloud.chats[0], "of the other"))
        device.write(cloud.chats[0], "of this one")
        device.do(device.engine.look(device.now_ms))
        device.settle()
        assert sorted(said(cloud)) == ["of the other", "of this one"]

    def test_what_nobody_can_send_is_refused_and_holds_up_nothing(self, cloud: Cloud, device: Device) -> None:
        written_elsewhere(device, text("bad", cloud.chats[0], "caf\udce9"))
        device.do(device.engine.look(device.now_ms))
        assert device.told["bad"] == "refused"
        device.store.save(text("worse", cloud.chats[0], "caf\udce9"))
        device.store.close()
        device.start()
        device.write(cloud.chats[0], "innocent")
        for client_id in ("bad", "worse"):
            entry = device.store.entry(client_id)
            assert entry is not None
            assert (entry["state"], entry["error"]["code"]) == ("refused", "bad_request")
            retry = {"type": "retry", "client_id": client_id, "as": f"{client_id} again"}
            device.do(device.engine.command(device.now_ms, "outbox", retry))
            device.do(device.engine.command(device.now_ms, "outbox", {"type": "cancel", "client_id": client_id}))
        device.settle()
        assert said(cloud) == ["innocent"]

    def test_what_could_not_be_kept_is_not_sent(
        self, cloud: Cloud, device: Device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        transaction = device.store.transaction

        @contextlib.contextmanager
        def full() -> Iterator[None]:
            with transaction():
                yield
                raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(device.store, "transaction", full)
        with pytest.raises(sqlite3.OperationalError):
            device.write(cloud.chats[0], "lost")
        monkeypatch.undo()
        with pytest.raises(RuntimeError, match="an earlier step failed"):
            device.engine.wake(device.now_ms)
        device.written.clear()
        device.die()
        device.start()
        device.settle()
        assert said(cloud) == []

    @pytest.mark.parametrize("acked", [False, True])
    def test_what_may_be_in_the_log_is_not_taken_back(self, cloud: Cloud, device: Device, *, acked: bool) -> None:
        device.write(cloud.chats[0], "said")
        (connection,) = device.connections.values()
        device.up(connection, answered=acked)
        if acked:
            connection.down = [frame for frame in connection.down if frame["type"] == "ack"]
            device.down(connection)
            device.pass_time(16_000)  # its place has not come: sent once more
        device.cut(connection.number)
        client_id = device.written[0][1]
        device.do(device.engine.command(device.now_ms, "outbox", {"type": "cancel", "client_id": client_id}))
        assert device.store.entry(client_id) is not None
        device.settle()
        device.check()


class TestConversations:
    def test_one_that_was_left_does_not_come_back(self, cloud: Cloud, device: Device) -> None:
        """With the next answer to anything: that of its own last frame is kept no longer than needed."""
        chat = cloud.chats[1]
        cloud.say(chat, "one")
        device.settle()
        device.pass_time(5_000)
        device.settle()
        conversation = cloud.world.conversations[chat]
        fields = {"user_id": cloud.ann}
        event = conversation.append("member_removed", cloud.ben, cloud.at_ms, fields)
        del conversation.members[cloud.ann]
        cloud.world.publish(conversation, event, also=(cloud.ann,))
        while device.flow():
            pass
        assert chat not in device.store.conversation_ids()
        (number,) = device.connections
        device.do(device.engine.frame(device.now_ms, number, {"type": "ok", "id": "another"}))
        assert chat not in device.store.conversation_ids()


class TestChanges:
    def test_a_change_takes_nothing_out_of_its_turn(self, cloud: Cloud, device: Device) -> None:
        began = device.store.revision()
        cloud.say(cloud.chats[0], "one")
        cloud.say(cloud.chats[0], "two")
        while device.flow():
            pass
        conversation = cloud.world.conversations[cloud.chats[0]]
        fields = {"client_id": "r", "target_seq": 2, "reaction": "👍"}
        cloud.world.publish(conversation, conversation.decide("reaction", cloud.ben, cloud.at_ms, fields)[0])
        while device.flow():
            pass
        changes = device.store.changes(began)
        assert [(each.is_new, each.event["type"], each.event["seq"]) for each in changes[:2]] == [
            (True, "message", 2),
            (True, "message", 3),
        ]
        after_one = told(device, changes[0].revision)
        assert sorted(after_one) == [(False, "message", 2), (True, "message", 3), (True, "reaction", 4)]
        assert after_one[0] == (True, "message", 3)
        one_by_one = []
        while page := device.store.changes(began, limit=1):
            one_by_one += page
            began = page[-1].revision
        assert one_by_one == changes

    def test_what_is_skipped_is_told_in_its_place_and_after_a_restart(self, cloud: Cloud, device: Device) -> None:
        began = device.store.revision()
        for number in range(60):
            cloud.say(cloud.chats[0], f"{number}")
        device.die()
        device.start()
        device.settle()
        assert told(device, began)[:2] == [(True, "history.skipped", 0), (True, "message", 12)]
        assert device.store.changes(began)[0].event["from_seq"] == 12
