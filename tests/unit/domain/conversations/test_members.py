from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.conversations.members import Membership, MembershipChange, Role, memberships_as_of
from tests.messages import ANN, BOB


def a_change(seq: int, role: Role | None, *, messages: int = 0) -> MembershipChange:
    return MembershipChange(user_id=ANN, seq=seq, role=role, messages=messages)


class TestMembershipsAsOf:
    def test_what_lies_above_has_not_happened_yet(self) -> None:
        changes = [a_change(1, "owner"), a_change(5, None)]
        assert {ANN} == memberships_as_of(changes, 4).keys()
        assert memberships_as_of(changes, 5) == {}

    def test_a_changed_role_keeps_the_place_of_joining(self) -> None:
        changes = [a_change(2, "member", messages=1), a_change(7, "admin", messages=5)]
        assert {ANN: Membership(role="admin", joined_seq=2, joined_messages=1)} == memberships_as_of(changes, 9)

    def test_coming_back_is_a_new_joining(self) -> None:
        changes = [a_change(2, "admin", messages=1), a_change(4, None), a_change(7, "member", messages=5)]
        assert {ANN: Membership(role="member", joined_seq=7, joined_messages=5)} == memberships_as_of(changes, 9)

    def test_removing_who_is_not_there_changes_nothing(self) -> None:
        there = MembershipChange(user_id=BOB, seq=1, role="member", messages=0)
        assert {BOB} == memberships_as_of([there, a_change(2, None)], 9).keys()

    @given(st.permutations([a_change(2, "admin"), a_change(4, None), a_change(7, "member"), a_change(9, "owner")]))
    def test_the_order_in_which_changes_are_read_does_not_matter(self, changes: Sequence[MembershipChange]) -> None:
        in_order = sorted(changes, key=lambda change: change.seq)
        for seq in range(11):
            assert memberships_as_of(in_order, seq) == memberships_as_of(changes, seq)

    @pytest.mark.parametrize("seq", [0, 1])
    def test_nobody_belongs_to_it_before_the_first_change(self, seq: int) -> None:
        assert memberships_as_of([a_change(2, "owner")], seq) == {}
