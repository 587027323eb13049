from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.conversations.audience import readers_by_places, shown_to
from natter.domain.conversations.members import Membership, MembershipChange
from natter.domain.conversations.rosters import Roster
from natter.domain.ids import UserId
from tests.messages import ANN, BOB, CID


def joined(user: UserId, seq: int) -> MembershipChange:
    return MembershipChange(user_id=user, seq=seq, role="member", messages=0)


def left(user: UserId, seq: int) -> MembershipChange:
    return MembershipChange(user_id=user, seq=seq, role=None, messages=0)


class TestReadersByPlaces:
    def test_who_joins_is_shown_it_from_then_on_and_who_leaves_is_shown_the_leaving(self) -> None:
        """P8."""
        changes = [left(BOB, 6), joined(ANN, 1), joined(CID, 4), joined(BOB, 1)]
        assert readers_by_places(Roster(changes=changes), [2, 3, 4, 5, 6, 7]) == {
            (2, 3, 4, 5, 6, 7): [ANN],
            (2, 3, 4, 5, 6): [BOB],
            (4, 5, 6, 7): [CID],
        }

    def test_what_happens_later_is_not_yet_true(self) -> None:
        assert readers_by_places(Roster(changes=[joined(ANN, 1), left(ANN, 9), joined(BOB, 8)]), [3]) == {(3,): [ANN]}

    def test_without_members_nobody_is_shown_anything(self) -> None:
        assert readers_by_places(Roster(), [1, 2]) == {}

    def test_who_was_there_before_the_changes_begin_is_shown_it_too(self) -> None:
        """The roster was stored at the very event that removed one of them."""
        members = {ANN: Membership(role="owner", joined_seq=1, joined_messages=0)}
        roster = Roster(seq=6, members=members, changes=[left(BOB, 6), joined(CID, 8)])
        assert readers_by_places(roster, [6, 7, 8]) == {(6, 7, 8): [ANN], (6,): [BOB], (8,): [CID]}
        with pytest.raises(ValueError, match="at 5"):
            readers_by_places(roster, [5, 7])

    @given(
        steps=st.lists(st.tuples(st.sampled_from([ANN, BOB, CID]), st.sampled_from(["member", "admin", None]))),
        seqs=st.sets(st.integers(1, 12)),
    )
    def test_is_the_members_at_each_place_and_who_was_removed_there(
        self, steps: Sequence[tuple[UserId, str | None]], seqs: set[int]
    ) -> None:
        """As the fold decides it, place by place."""
        changes = [
            MembershipChange(user_id=user, seq=index + 1, role=role, messages=0)  # type: ignore[arg-type]
            for index, (user, role) in enumerate(steps)
        ]
        shown = readers_by_places(Roster(changes=changes[::-1]), seqs)
        for seq in seqs:
            members = {user for places, users in shown.items() if seq in places for user in users}
            assert members == set(Roster(changes=changes).as_of(seq)) | {
                change.user_id for change in changes if change.seq == seq
            }
        everybody = [user for users in shown.values() for user in users]
        assert len(everybody) == len(set(everybody))


class TestShownTo:
    def test_who_is_removed_is_shown_that_and_who_is_erased_is_not(self) -> None:
        gone = MembershipChange(user_id=CID, seq=5, role=None, messages=0, erased=True)
        assert shown_to([ANN], [left(BOB, 5), gone]) == {ANN, BOB}
