from collections.abc import Callable
from dataclasses import replace

import pytest

from natter.domain.conversations.members import History, Member, Role
from natter.domain.fold.writes import StateRow
from natter.domain.ids import ClientId, UserId
from natter.domain.messages.commands import AddMembers, ChangeConversation, ChangeRole, EditMessage, Item, RemoveMember
from natter.domain.messages.states import MAX_EDITS, MAX_REACTIONS
from tests.folds import folded, refusals, rows_of_the_last
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
    added,
    an_edit,
    created,
    removed,
    role_changed,
)


def a_reply(client_id: str, target_seq: int) -> Item:
    return a_post(client_id, reply_to=target_seq)


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

    @pytest.mark.parametrize(("reply_to", "refusal"), [(1, "not_found"), (2, None), (3, "not_found")])
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


class TestBounds:
    """By the log alone: whoever folds it decides the same."""

    def test_a_message_is_edited_so_many_times(self) -> None:
        edits = [a_command(an_edit(f"e{number}", 2)) for number in range(MAX_EDITS + 1)]
        assert refusals(created(), a_command(a_post("x")), *edits)[2:] == [*[None] * MAX_EDITS, "conflict"]

    def test_a_message_that_is_full_of_edits_can_be_deleted(self) -> None:
        edits = [a_command(an_edit(f"e{number}", 2)) for number in range(MAX_EDITS)]
        assert refusals(created(), a_command(a_post("x")), *edits, a_command(a_delete("d", 2)))[-1] is None

    def test_a_message_carries_so_many_different_reactions(self) -> None:
        """Of those that it carries, others may set more, and whoever takes theirs back makes room."""
        full = [a_command(a_reaction(f"r{number}", 2, f"r{number}")) for number in range(MAX_REACTIONS)]
        one_more = a_command(a_reaction("more", 2, "more"))
        carried = a_command(a_reaction("same", 2, "r7"), sender=BOB)
        taken_back = a_command(a_reaction("back", 2, "r0", remove=True))
        again = a_command(a_reaction("again", 2, "more"))
        happened = refusals(created(), a_command(a_post("x")), *full, one_more, carried, taken_back, again)
        assert happened[-4:] == ["conflict", None, None, None]

    def test_however_often_reactions_are_set_and_removed_the_state_stays_small(self) -> None:
        toggles = [a_command(a_reaction(f"t{number}", 2, remove=number % 2 == 1)) for number in range(1000)]
        rows = rows_of_the_last(created(), a_command(a_post("x")), *toggles)
        (state,) = [row.state for row in rows if isinstance(row, StateRow)]
        assert state.reactions == ()

    @pytest.mark.parametrize("make", [an_edit, a_delete, a_reaction])
    @pytest.mark.parametrize("target", [2147483648000, 2147483648001, 2**53 - 1])
    def test_a_place_that_no_conversation_has_is_not_found(self, make: Callable[[str, int], Item], target: int) -> None:
        assert refusals(created(), a_command(make("z", target)))[-1] == "not_found"


class TestFirstSeq:
    """P8: what was said before one joined is not there."""

    @pytest.mark.parametrize("make", [an_edit, a_delete, a_reaction, a_reply])
    @pytest.mark.parametrize(("history", "refusal"), [("joined", "not_found"), ("all", None)])
    def test_a_target_from_before_one_joined_is_not_found(
        self, make: Callable[[str, int], Item], history: History, refusal: str | None
    ) -> None:
        commands = [
            created(history=history),
            a_command(a_post("x")),
            added(CID, client_id="row-1", role="owner"),
        ]
        item = make("z", 2)
        expected = "forbidden" if refusal is None and isinstance(item, EditMessage) else refusal
        assert refusals(*commands, a_command(item, sender=CID))[-1] == expected

    def test_who_comes_back_cannot_amend_what_they_said_before(self) -> None:
        commands = [
            created(),
            a_command(a_post("x"), sender=BOB),
            removed(BOB, client_id="row-1"),
            added(BOB, client_id="row-2"),
        ]
        assert refusals(*commands, a_command(an_edit("z", 2), sender=BOB))[-1] == "not_found"
