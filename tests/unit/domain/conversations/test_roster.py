import pytest

from natter.domain.conversations.roster import NO_ROSTER, Admitted, Roster
from tests.messages import ANN, BOB, CID


class TestRoster:
    @pytest.mark.parametrize("blocked", [True, False])
    def test_a_member_is_admitted_with_what_concerns_them(self, blocked: bool) -> None:
        roster = Roster(version=3, kind="group", roles={ANN: "owner", BOB: "member"}, blocked=blocked)
        assert roster.admit(BOB) == Admitted(role="member", blocked=blocked)
        assert roster.admit(CID) is None

    def test_of_a_conversation_that_does_not_exist_nobody_is(self) -> None:
        assert NO_ROSTER.admit(ANN) is None
