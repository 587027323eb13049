from collections.abc import Callable
from dataclasses import replace

import pytest

from natter.domain.conversations.members import Member, Role
from natter.domain.ids import ClientId, UserId
from natter.domain.messages.commands import AddMembers, ChangeConversation, ChangeRole, Item, RemoveMember
from tests.folds import folded, refusals
from tests.messages import (
    ANN,
    BOB,
    CID,
    MALLORY,
    ROLES,
    a_command,
    a_delete,
    a_post,
    a_reaction,
    an_edit,
    created,
    removed,
    role_changed,
)


class TestRefusals:
    def test_who_does_not_belong_there_is_refused(self) -> None:
        """P8; the same whether the conversation exists or not."""
        post = a_command(a_post("x"), sender=MALLORY)
        assert refusals(post) == ["not_member"]
        assert refusals(created(), post) == [None, "not_member"]

    def test_who_was_removed_is_refused_from_then_on(self) -> None:
        before, after = a_command(a_post("x"), sender=BOB), a_command(a_post("y"), sender=BOB)
        assert refusals(created(), before, removed(BOB, client_id="row-1"), after) == [None, None, None, "not_member"]

    @pytest.mark.parametrize(
        "item",
        [
            AddMembers(client_id=ClientId("x"), members=(Member(user_id=MALLORY, role="owner"),)),
            RemoveMember(client_id=ClientId("x"), user_id=BOB),
            ChangeRole(client_id=ClientId("x"), user_id=BOB, role="owner"),
            ChangeConversation(client_id=ClientId("x"), changes={"title": "Mine"}),
        ],
    )
    def test_members_and_titles_are_changed_by_the_outbox_only(self, item: Item) -> None:
        assert refusals(created(), a_command(item)) == [None, "forbidden"]

    @pytest.mark.parametrize(("reply_to", "refusal"), [(1, None), (2, None), (3, "not_found")])
    def test_a_reply_is_to_what_is_there(self, reply_to: int, refusal: str | None) -> None:
        reply = a_command(a_post("y", reply_to=reply_to))
        assert refusal == refusals(created(), a_command(a_post("x")), reply)[-1]

    @pytest.mark.parametrize(
        ("sender", "refusal"), [(ANN, None), (BOB, None), (CID, "forbidden"), (MALLORY, "not_member")]
    )
    def test_a_message_is_deleted_by_its_author_or_by_who_runs_the_group(
        self, sender: UserId, refusal: str | None
    ) -> None:
        commands = [created({**ROLES, CID: "member"}), a_command(a_post("x"), sender=BOB)]
        assert refusal == refusals(*commands, replace(a_command(a_delete("y", 2)), sender_id=sender))[-1]

    @pytest.mark.parametrize(
        ("sender", "refusal"), [(ANN, "forbidden"), (BOB, None), (CID, "forbidden"), (MALLORY, "not_member")]
    )
    def test_a_message_is_edited_by_its_author_only(self, sender: UserId, refusal: str | None) -> None:
        commands = [created({**ROLES, CID: "admin"}), a_command(a_post("x"), sender=BOB)]
        assert refusal == refusals(*commands, a_command(an_edit("y", 2), sender=sender))[-1]

    @pytest.mark.parametrize(("sender", "refusal"), [(ANN, None), (BOB, None), (MALLORY, "not_member")])
    def test_every_member_reacts(self, sender: UserId, refusal: str | None) -> None:
        reaction = a_command(a_reaction("y", 2), sender=sender)
        assert refusal == refusals(created(), a_command(a_post("x"), sender=BOB), reaction)[-1]

    def test_in_a_direct_conversation_everybody_deletes_only_their_own(self) -> None:
        both: dict[UserId, Role] = {ANN: "member", BOB: "member"}
        post, delete = a_command(a_post("x"), sender=BOB), a_command(a_delete("y", 2))
        assert refusals(created(both), post, delete)[-1] == "forbidden"

    @pytest.mark.parametrize("role", ["admin", "owner"])
    def test_a_role_counts_from_its_place_on(self, role: Role) -> None:
        early, late = a_command(a_delete("y", 2), sender=BOB), a_command(a_delete("z", 2), sender=BOB)
        commands = [created(), a_command(a_post("x")), early, role_changed(BOB, role, client_id="row-1"), late]
        assert refusals(*commands)[2:] == ["forbidden", None, None]

    def test_who_steps_down_may_no_longer(self) -> None:
        step_down = role_changed(ANN, "member", client_id="row-1")
        commands = [created(), a_command(a_post("x"), sender=BOB), step_down, a_command(a_delete("y", 2))]
        assert refusals(*commands)[-1] == "forbidden"

    @pytest.mark.parametrize("make", [an_edit, a_delete, a_reaction])
    @pytest.mark.parametrize("target_seq", [1, 3, 4, 99])
    def test_only_a_message_that_is_there_is_amended(self, make: Callable[[str, int], Item], target_seq: int) -> None:
        commands = [created(), a_command(a_post("x")), a_command(an_edit("y", 2)), a_command(make("z", target_seq))]
        assert refusals(*commands)[-1] == "not_found"

    def test_a_deletion_that_was_decided_before_still_needs_its_target(self) -> None:
        """It raised a KeyError, and its partition stood still for ever."""
        assert refusals(created(), a_command(a_delete("d1", 7), decided=True)) == [None, "not_found"]

    @pytest.mark.parametrize("make", [an_edit, a_delete, a_reaction])
    def test_what_is_deleted_is_gone(self, make: Callable[[str, int], Item]) -> None:
        commands = [created(), a_command(a_post("x")), a_command(a_delete("y", 2)), a_command(make("z", 2))]
        assert refusals(*commands)[-1] == "gone"

    def test_a_reaction_that_is_set_or_not_there_is_an_event_all_the_same(self) -> None:
        same, gone = a_command(a_reaction("r2", 2)), a_command(a_reaction("r3", 2, "🎉", remove=True))
        *_, set_again, removed_again = folded(
            created(), a_command(a_post("x")), a_command(a_reaction("r1", 2)), same, gone
        )
        assert [each.outcome.seq for each in (set_again, removed_again)] == [4, 5]
        assert removed_again.event is not None
        assert removed_again.event.payload == {"target_seq": 2, "reaction": "🎉", "removed": True}
