"""What was read and delivered is told as fast as the server takes it, and no faster."""

from pathlib import Path
from random import Random

import pytest

from natter_client.pacing import Pacing
from natter_client.testing.world import Limits
from tests.clients.python import world
from tests.clients.python.world import Cloud, Device


def told(name: str, seq: int, action: str = "delivered") -> dict[str, object]:
    frame = {"action": action, "id": f"{action} {name} {seq}", "conversation_id": name, "seq": seq}
    return {"type": "tell", "frame": frame}


def half() -> float:
    return 0.5


class TestPacing:
    def test_ten_at_once_then_five_a_second_and_what_was_read_first(self) -> None:
        pacing = Pacing()
        sent = [each for number in range(12) for each in pacing.step(told(f"c{number}", 1), 5_000, half)]
        assert [each["frame"]["conversation_id"] for each in sent] == [f"c{number}" for number in range(10)]
        assert pacing.step(told("c0", 1, "read"), 5_000, half) == []
        assert pacing.step(told("c11", 2), 5_000, half) == []
        later = []
        while (wake_at := pacing.wake_at) is not None:
            later += [(wake_at, each["frame"]["id"]) for each in pacing.step({"type": "wake"}, wake_at, half)]
        assert later == [(5_200, "read c0 1"), (5_400, "delivered c10 1"), (5_600, "delivered c11 2")]

    def test_one_that_is_refused_holds_up_all_of_them(self) -> None:
        pacing = Pacing()
        for number in range(11):
            pacing.step(told(f"c{number}", 1), 0, half)
        refused = {"type": "error", "code": "rate_limited", "retry_after_ms": 3_000}
        for name in ("c0", "c1"):
            frame = {**refused, "id": f"delivered {name} 1"}
            assert pacing.step({"type": "frame", "frame": frame}, 10, half) == []
        assert pacing.wake_at == 10 + 3_000 + 500

    def test_hundreds_of_conversations_on_a_first_start(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(world, "ENDLESS", Limits(commands=(1e9, 1e9), http=(1e9, 1e9)))
        cloud = Cloud()
        chats = [
            cloud.world.begin(cloud.ben, [cloud.ann], title=f"{number}")[0].conversation_id for number in range(60)
        ]
        for chat in chats:
            cloud.say(chat, "hi")
        device = Device(cloud, tmp_path / "ann.db", Random(1).random)
        refused = 0
        for _ in range(100):
            while device.calls or device.openings or any(each.up or each.down for each in device.connections.values()):
                for connection in device.connections.values():
                    refused += sum(frame.get("code") == "rate_limited" for frame in connection.down)
                device.flow()
            device.pass_time(200)
        assert refused == 0
        assert {cloud.world.conversations[chat].members[cloud.ann].delivered_seq for chat in chats} == {2}
        device.store.close()
