from natter.domain.conversations.members import Membership, MembershipChange, Role, apply_membership
from natter.domain.ids import UserId
from tests.messages import ANN, BOB


def after(*changes: tuple[UserId, int, Role | None]) -> dict[UserId, Membership]:
    """Who belongs to it after these changes; before each, as many messages were said as its place says."""
    members: dict[UserId, Membership] = {}
    for user, seq, role in changes:
        apply_membership(members, MembershipChange(user_id=user, seq=seq, role=role, messages=seq))
    return members


def member(role: Role, joined: int) -> Membership:
    return Membership(role=role, joined_seq=joined, joined_messages=joined)


class TestApplyMembership:
    def test_a_changed_role_keeps_the_place_of_joining(self) -> None:
        assert after((ANN, 2, "member"), (ANN, 7, "admin")) == {ANN: member("admin", 2)}

    def test_coming_back_is_a_new_joining(self) -> None:
        assert after((ANN, 2, "admin"), (ANN, 4, None), (ANN, 7, "member")) == {ANN: member("member", 7)}

    def test_removing_who_is_not_there_changes_nothing(self) -> None:
        assert after((BOB, 1, "owner"), (ANN, 2, None)) == {BOB: member("owner", 1)}
