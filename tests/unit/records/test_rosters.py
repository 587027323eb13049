from hypothesis import given
from hypothesis import strategies as st

from natter.domain.conversations.members import Membership, MembershipChange
from natter.domain.conversations.rules import MAX_MEMBERS
from natter.domain.ids import UserId
from natter.records.rosters import dump_changes, dump_members, load_changes, load_members

NUMBERS = st.integers(0, 2**53 - 1)
ROLES = st.sampled_from(["owner", "admin", "member"])
USERS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True).map(UserId)
MEMBERSHIPS = st.builds(Membership, role=ROLES, joined_seq=NUMBERS, joined_messages=NUMBERS)
LARGEST_ROW = 1024 * 1024
"""Bytes (quotas of Keyspaces)."""


class TestRosters:
    @given(st.dictionaries(USERS, MEMBERSHIPS))
    def test_members_are_read_as_they_were_written(self, members: dict[UserId, Membership]) -> None:
        assert load_members(dump_members(members)) == members

    @given(
        st.lists(
            st.builds(
                MembershipChange,
                user_id=USERS,
                seq=st.just(7),
                role=st.none() | ROLES,
                messages=NUMBERS,
                erased=st.booleans(),
            )
        )
    )
    def test_changes_are_read_as_they_were_written(self, changes: list[MembershipChange]) -> None:
        assert load_changes(dump_changes(changes), seq=7) == changes

    def test_of_the_largest_group_they_are_far_from_the_largest_row(self) -> None:
        last = 2**53 - 1
        longest = Membership(role="member", joined_seq=last, joined_messages=last)
        members = {UserId(f"{number:064}"): longest for number in range(MAX_MEMBERS + 1)}
        assert len(dump_members(members)) < LARGEST_ROW / 8
