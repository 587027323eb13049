import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.conversations.members import Member, Role
from natter.domain.conversations.rules import MAX_MEMBERS, check_manager, check_removal, check_role, heir, newcomers
from natter.domain.errors import Conflict, Forbidden, LastOwner, NatterError, NotMember
from natter.domain.ids import UserId

OWEN, OLGA, ADA, MIA, MAX, EVE = map(UserId, ("owen", "olga", "ada", "mia", "max", "eve"))
ROLES: dict[UserId, Role] = {OWEN: "owner", OLGA: "owner", ADA: "admin", MIA: "member", MAX: "member"}
ALONE: dict[UserId, Role] = {OWEN: "owner", ADA: "admin", MIA: "member"}
PAIR: dict[UserId, Role] = {MIA: "member", MAX: "member"}
FULL: dict[UserId, Role] = {OWEN: "owner", **{UserId(f"u{number}"): "member" for number in range(MAX_MEMBERS - 1)}}


class TestManager:
    @pytest.mark.parametrize("by", [OWEN, ADA])
    def test_admins_and_owners_manage_a_group(self, by: UserId) -> None:
        assert check_manager("group", ROLES, by) == ROLES[by]

    def test_members_do_not(self) -> None:
        with pytest.raises(Forbidden):
            check_manager("group", ROLES, MIA)

    def test_nobody_manages_a_direct_conversation(self) -> None:
        with pytest.raises(Forbidden):
            check_manager("direct", PAIR, MIA)

    @pytest.mark.parametrize("roles", [ROLES, {}])
    def test_a_stranger_cannot_tell_whether_there_is_one(self, roles: dict[UserId, Role]) -> None:
        """P8."""
        with pytest.raises(NotMember):
            check_manager("group" if roles else None, roles, EVE)


class TestNewcomers:
    def test_are_those_who_do_not_belong_to_it_each_once(self) -> None:
        assert newcomers("group", ROLES, ADA, [EVE, MIA, EVE]) == (Member(user_id=EVE, role="member"),)

    def test_who_is_there_already_keeps_their_role(self) -> None:
        assert newcomers("group", ROLES, ADA, [OWEN, MIA]) == ()

    def test_a_group_has_room_for_a_thousand(self) -> None:
        nearly = dict(list(FULL.items())[:-1])
        assert len(newcomers("group", nearly, OWEN, [EVE])) == 1
        with pytest.raises(Conflict):
            newcomers("group", nearly, OWEN, [EVE, MIA])
        assert newcomers("group", FULL, OWEN, [UserId("u1")]) == ()


class TestRole:
    @pytest.mark.parametrize(
        ("by", "user", "role"),
        [
            (OWEN, EVE, "owner"),
            (OWEN, EVE, "member"),
            (OWEN, MIA, "admin"),
            (OWEN, OLGA, "member"),
            (OWEN, OWEN, "admin"),
            (ADA, EVE, "member"),
            (ADA, MIA, "member"),
            (ADA, ADA, "member"),
            (ADA, ADA, "admin"),
            (MIA, MIA, "member"),
        ],
    )
    def test_may_be_given(self, by: UserId, user: UserId, role: Role) -> None:
        check_role("group", ROLES, by, user, role)

    @pytest.mark.parametrize(
        ("by", "user", "role"),
        [
            (ADA, EVE, "admin"),
            (ADA, MIA, "owner"),
            (ADA, OWEN, "member"),
            (ADA, ADA, "owner"),
            (MIA, EVE, "member"),
            (MIA, MAX, "member"),
            (MIA, MIA, "admin"),
        ],
    )
    def test_may_not_be_given(self, by: UserId, user: UserId, role: Role) -> None:
        with pytest.raises(Forbidden):
            check_role("group", ROLES, by, user, role)

    def test_an_admin_does_not_unmake_another(self) -> None:
        with pytest.raises(Forbidden):
            check_role("group", ROLES | {EVE: "admin"}, ADA, EVE, "member")

    def test_the_last_owner_does_not_step_down(self) -> None:
        with pytest.raises(LastOwner):
            check_role("group", ALONE, OWEN, OWEN, "admin")
        check_role("group", ALONE, OWEN, OWEN, "owner")

    def test_nobody_has_another_in_a_direct_conversation(self) -> None:
        for user, role in ((MAX, "admin"), (MIA, "owner"), (EVE, "member"), (MIA, "member")):
            with pytest.raises(Forbidden):
                check_role("direct", PAIR, MIA, user, role)  # type: ignore[arg-type]

    def test_a_full_group_takes_nobody_but_roles_still_change(self) -> None:
        with pytest.raises(Conflict):
            check_role("group", FULL, OWEN, EVE, "member")
        check_role("group", FULL, OWEN, UserId("u1"), "admin")

    def test_strangers_give_none(self) -> None:
        with pytest.raises(NotMember):
            check_role("group", ROLES, EVE, EVE, "member")


class TestRemoval:
    @pytest.mark.parametrize(
        ("by", "user"), [(OWEN, OLGA), (OWEN, ADA), (OWEN, MIA), (OWEN, OWEN), (ADA, MIA), (ADA, ADA), (MIA, MIA)]
    )
    def test_is_allowed(self, by: UserId, user: UserId) -> None:
        check_removal("group", ROLES, by, user)

    @pytest.mark.parametrize(("by", "user"), [(ADA, OWEN), (MIA, MAX), (MIA, EVE)])
    def test_is_not(self, by: UserId, user: UserId) -> None:
        with pytest.raises(Forbidden):
            check_removal("group", ROLES, by, user)

    def test_of_another_admin_is_the_owners(self) -> None:
        with pytest.raises(Forbidden):
            check_removal("group", ROLES | {EVE: "admin"}, ADA, EVE)

    @pytest.mark.parametrize("by", [OWEN, ADA])
    def test_of_who_has_gone_already_is_no_harm(self, by: UserId) -> None:
        check_removal("group", ROLES, by, EVE)

    @pytest.mark.parametrize("roles", [ALONE, {OWEN: "owner"}])
    def test_the_last_owner_does_not_leave(self, roles: dict[UserId, Role]) -> None:
        with pytest.raises(LastOwner):
            check_removal("group", roles, OWEN, OWEN)

    @pytest.mark.parametrize("user", [MIA, MAX])
    def test_a_direct_conversation_is_not_left(self, user: UserId) -> None:
        with pytest.raises(Forbidden):
            check_removal("direct", PAIR, MIA, user)

    def test_strangers_remove_nobody(self) -> None:
        for user in (EVE, MIA):
            with pytest.raises(NotMember):
                check_removal("group", ROLES, EVE, user)


PEOPLE = st.sampled_from([OWEN, OLGA, ADA, MIA, EVE])
REQUESTS = st.lists(st.tuples(PEOPLE, PEOPLE, st.sampled_from(["owner", "admin", "member", None])), max_size=40)


class TestLaws:
    @given(REQUESTS)
    def test_a_group_never_loses_its_last_owner_and_nobody_rises_alone(
        self, requests: list[tuple[UserId, UserId, Role | None]]
    ) -> None:
        roles = dict(ALONE)
        rank = {None: 0, "member": 1, "admin": 2, "owner": 3}
        for by, user, role in requests:
            before = dict(roles)
            try:
                if role is None:
                    check_removal("group", roles, by, user)
                    roles.pop(user, None)
                else:
                    check_role("group", roles, by, user, role)
                    roles[user] = role
            except NatterError:
                continue
            assert "owner" in roles.values()
            if by == user:
                assert rank[roles.get(user)] <= rank[before[user]]
            elif before != roles:
                assert rank[before[by]] > 1
                assert rank[before[by]] > rank[before.get(user)] or before[by] == "owner"


class TestHeir:
    @pytest.mark.parametrize(
        ("roles", "next_owner"),
        [
            (ROLES, None),
            (ALONE, ADA),
            ({MIA: "member", OWEN: "owner", MAX: "member"}, MIA),
            ({MIA: "member", OWEN: "owner", ADA: "admin", EVE: "admin"}, ADA),
            ({OWEN: "owner"}, None),
            ({OLGA: "owner", OWEN: "admin"}, None),
            ({OLGA: "owner"}, None),
        ],
    )
    def test_is_the_longest_standing_admin_else_member(
        self, roles: dict[UserId, Role], next_owner: UserId | None
    ) -> None:
        """Nobody has to be one while there is another owner, or if there is nobody left."""
        assert heir(roles, OWEN) == next_owner
