from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.conversations.members import Membership, MembershipChange, Role
from natter.domain.conversations.rosters import Roster
from natter.domain.ids import UserId
from tests.messages import ANN, BOB


def a_change(seq: int, role: Role | None, *, messages: int = 0) -> MembershipChange:
    return MembershipChange(user_id=ANN, seq=seq, role=role, messages=messages)


class TestRoster:
    def test_what_lies_above_has_not_happened_yet(self) -> None:
        changes = [a_change(1, "owner"), a_change(5, None)]
        assert {ANN} == Roster(changes=changes).as_of(4).keys()
        assert Roster(changes=changes).as_of(5) == {}

    def test_a_changed_role_keeps_the_place_of_joining(self) -> None:
        changes = [a_change(2, "member", messages=1), a_change(7, "admin", messages=5)]
        assert {ANN: Membership(role="admin", joined_seq=2, joined_messages=1)} == Roster(changes=changes).as_of(9)

    def test_coming_back_is_a_new_joining(self) -> None:
        changes = [a_change(2, "admin", messages=1), a_change(4, None), a_change(7, "member", messages=5)]
        assert {ANN: Membership(role="member", joined_seq=7, joined_messages=5)} == Roster(changes=changes).as_of(9)

    def test_removing_who_is_not_there_changes_nothing(self) -> None:
        there = MembershipChange(user_id=BOB, seq=1, role="member", messages=0)
        assert {BOB} == Roster(changes=[there, a_change(2, None)]).as_of(9).keys()

    @given(st.permutations([a_change(2, "admin"), a_change(4, None), a_change(7, "member"), a_change(9, "owner")]))
    def test_the_order_in_which_changes_are_read_does_not_matter(self, changes: Sequence[MembershipChange]) -> None:
        in_order = sorted(changes, key=lambda change: change.seq)
        for seq in range(11):
            assert Roster(changes=in_order).as_of(seq) == Roster(changes=changes).as_of(seq)

    @pytest.mark.parametrize("seq", [0, 1])
    def test_nobody_belongs_to_it_before_the_first_change(self, seq: int) -> None:
        assert Roster(changes=[a_change(2, "owner")]).as_of(seq) == {}

    @given(
        st.lists(st.tuples(st.sampled_from([ANN, BOB]), st.sampled_from(["member", "admin", None])), min_size=1),
        st.data(),
    )
    def test_it_goes_on_from_any_place_at_which_it_is_whole(
        self, steps: Sequence[tuple[UserId, Role | None]], data: st.DataObject
    ) -> None:
        changes = [
            MembershipChange(user_id=user, seq=index + 1, role=role, messages=index)
            for index, (user, role) in enumerate(steps)
        ]
        everything = Roster(changes=changes)
        whole = data.draw(st.integers(1, len(changes)))
        above = [change for change in changes if change.seq >= whole]
        roster = Roster(seq=whole, members=everything.as_of(whole), changes=above)
        assert roster.since == len(changes) - whole
        for seq in range(whole, len(changes) + 2):
            assert roster.as_of(seq) == everything.as_of(seq)
            assert roster.changes_at(seq) == everything.changes_at(seq)
            assert roster.changed_at(seq) == everything.changed_at(seq)

    def test_of_what_was_before_it_knows_nothing_and_says_so(self) -> None:
        roster = Roster(seq=5, members={}, changes=[a_change(5, None)])
        for asked in (roster.as_of, roster.changes_at, roster.changed_at):
            with pytest.raises(ValueError, match="at 4"):
                asked(4)
