import pytest

from natter.domain.errors import NotFound, NotMember, RateLimited
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import REPORTS
from natter.domain.operations import Report
from tests.chat import Chat
from tests.identity import NOON
from tests.messages import MALLORY, a_delete, a_post


class Room:
    """A group of Ann and Bob in which Ann says something at place 2."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.ann, self.bob = self.chat.person("ann"), self.chat.person("bob")
        self.lobby = self.chat.group(self.ann, self.bob)
        self.chat.say(self.lobby, self.ann, a_post("m2"))

    def report(self, reporter: UserId, seq: int, *, reason: str = "spam") -> None:
        self.chat.report_event(reporter, self.lobby, seq, reason)

    def found(self) -> list[Report]:
        return list(self.chat.reports.of(self.lobby))


@pytest.fixture
def room() -> Room:
    return Room()


class TestReportEvent:
    def test_operators_learn_who_reports_what_and_of_whom(self, room: Room) -> None:
        room.chat.world.clock.advance(seconds=5)
        room.report(room.bob, 2)
        assert room.found() == [
            Report(conversation_id=room.lobby, seq=2, reporter=room.bob, sender=room.ann, reason="spam", at=NOON + 5000)
        ]

    def test_nobody_in_the_conversation_is_told(self, room: Room) -> None:
        before = len(room.chat.log.records())
        room.report(room.bob, 2)
        assert len(room.chat.log.records()) == before

    def test_what_was_deleted_can_be_reported(self, room: Room) -> None:
        """It may have been read before."""
        room.chat.say(room.lobby, room.ann, a_delete("d3", 2))
        room.report(room.bob, 2)
        assert [(report.seq, report.sender) for report in room.found()] == [(2, room.ann)]

    def test_of_one_reporter_are_so_many(self, room: Room) -> None:
        """Each is a row until somebody has looked at it: at the rate of requests, two million a day."""
        room.chat.say(room.lobby, room.ann, *(a_post(f"more{number}") for number in range(REPORTS.burst)))
        for seq in range(2, 2 + REPORTS.burst):
            room.report(room.bob, seq)
        with pytest.raises(RateLimited):
            room.report(room.bob, 2 + REPORTS.burst)
        assert len(room.found()) == REPORTS.burst
        room.report(room.ann, 2)

    @pytest.mark.parametrize("seq", [3, 1000, 2**53 - 1])
    def test_what_is_not_there_is_not_found(self, room: Room, seq: int) -> None:
        with pytest.raises(NotFound, match=r"^seq: no such event$"):
            room.report(room.bob, seq)
        assert room.found() == []

    def test_what_the_reporter_may_not_read_is_not_there(self, room: Room) -> None:
        """P8."""
        cid = room.chat.person("cid")
        room.chat.join(room.lobby, cid)
        with pytest.raises(NotFound):
            room.report(cid, 2)
        room.report(cid, 3)
        assert [report.seq for report in room.found()] == [3]

    def test_a_stranger_cannot_tell_whether_there_is_such_a_conversation(self, room: Room) -> None:
        """P8."""
        with pytest.raises(NotMember):
            room.report(MALLORY, 2)
        with pytest.raises(NotMember):
            room.chat.report_event(room.ann, ConversationId("nowhere"), 1, "spam")
