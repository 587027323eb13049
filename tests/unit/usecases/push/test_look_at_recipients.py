import pytest

from natter.domain.errors import Unavailable
from natter.domain.fold.writes import SentRow
from natter.domain.ids import DeviceId
from natter.domain.push.waking import Message
from natter.domain.push.waves import Candidates
from tests.messages import ANN, BOB, CID, LOBBY, NOON
from tests.pushing import PushStage

CANDIDATES = Candidates(messages=(Message(conversation_id=LOBBY, seq=2, at=NOON, sender_id=ANN),), users=(BOB, CID))


def test_each_is_looked_at_as_they_are() -> None:
    stage = PushStage(BOB)
    stage.connect(BOB)
    stage.connect(BOB, "laptop")
    stage.traces.say(BOB, DeviceId("bob-phone"), "away", at=NOON)
    stage.read(BOB, 1)
    found = stage.look([CANDIDATES])

    assert found[LOBBY, BOB].connected == {"bob-phone": False, "bob-laptop": True}
    assert found[LOBBY, BOB].read_seq == 1
    assert found[LOBBY, BOB].reachable == stage.reachables.members[LOBBY, BOB]
    assert found[LOBBY, CID].reachable is None


def test_who_has_said_something_has_read_what_was_before() -> None:
    stage = PushStage(BOB)
    sent = SentRow(conversation_id=LOBBY, user_id=BOB, seq=5, messages=4, written_at=1)
    stage.tables.write([sent])

    assert stage.look([CANDIDATES])[LOBBY, BOB].read_seq == 5


def test_while_the_registry_is_rebuilt_nobody_is_woken_for_what_they_may_have_been_shown() -> None:
    stage = PushStage(BOB)
    stage.said()
    (wave,) = stage.take()
    stage.registry.lose()

    with pytest.raises(Unavailable):
        stage.wake(wave)
    assert stage.pushed == []
