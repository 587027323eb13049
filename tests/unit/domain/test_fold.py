from dataclasses import replace

import pytest

from natter.domain.commands import AddMembers, Command, RemoveMember
from natter.domain.conversations import Head, Member
from natter.domain.fold import Conversation, Decision, Effect, MisplacedRecordError, Target, Turn, target_as_of
from natter.domain.ids import ClientId, UserId
from natter.domain.rows import EffectRow, EmptiedRow, EventRow, MembershipRow, SentRow, SpentRow
from natter.names import RETRY_WINDOW_MS
from tests.messages import (
    ANN,
    BOB,
    CID,
    LOBBY,
    MALLORY,
    NOON,
    ROLES,
    a_command,
    a_delete,
    a_log,
    a_post,
    added,
    an_event,
    created,
    removed,
)


def a_conversation() -> Conversation:
    return Conversation(head=Head(conversation_id=LOBBY))


def folded(*commands: Command, at: list[int] | int = NOON) -> list[Decision]:
    """The decisions on all items of `commands`, the first records of a conversation."""
    conversation = a_conversation()
    return [decision for record in a_log(commands, at=at) for decision in conversation.fold(record).decisions]


def refusals(*commands: Command) -> list[str | None]:
    return [decision.outcome.refusal for decision in folded(*commands)]


class TestPlaces:
    def test_accepted_items_get_the_next_places_in_the_order_of_the_frame(self) -> None:
        """P2, P4."""
        decisions = folded(created(), a_command(a_post("b"), a_post("a")), a_command(a_post("c"), sender=BOB))
        assert [decision.outcome.seq for decision in decisions] == [1, 2, 3, 4]
        assert [decision.event.client_id for decision in decisions if decision.event] == [None, "b", "a", "c"]

    def test_a_refusal_leaves_no_hole(self) -> None:
        decisions = folded(created(), a_command(a_post("x"), sender=MALLORY), a_command(a_post("y")))
        assert [decision.outcome.seq for decision in decisions] == [1, None, 2]

    def test_only_messages_count_as_messages(self) -> None:
        decisions = folded(created(), a_command(a_post("x")), a_command(a_delete("y", 2)), a_command(a_post("z")))
        assert [decision.event.messages for decision in decisions if decision.event] == [0, 1, 1, 2]

    def test_another_partition_in_the_same_epoch_is_refused_loudly(self) -> None:
        conversation = a_conversation()
        first, second = a_log([created(), a_command(a_post("x"))])
        conversation.fold(first)
        with pytest.raises(MisplacedRecordError, match="lobby: offset 1 in partition 3, not in 0"):
            conversation.fold(replace(second, partition=3))

    def test_a_new_epoch_may_have_another_partition_and_begin_its_offsets_anew(self) -> None:
        conversation = a_conversation()
        first, second = a_log([created(), a_command(a_post("x"))])
        conversation.fold(first)
        (decision,) = conversation.fold(replace(second, epoch=first.epoch + 1, partition=3, offset=0)).decisions
        assert (decision.turn, decision.outcome.seq) == (Turn.FIRST, 2)


class TestRetries:
    @pytest.mark.parametrize("after_ms", [-5000, 0, RETRY_WINDOW_MS])
    def test_the_same_client_id_within_a_week_is_the_same_event(self, after_ms: int) -> None:
        """P3, whatever the repetition says and wherever the clock has jumped."""
        post, again = a_command(a_post("x")), a_command(a_post("x", "other words"))
        _, first, retry = folded(created(), post, again, at=[NOON, NOON, NOON + after_ms])
        assert (Turn.RETRY, first.outcome, None) == (retry.turn, retry.outcome, retry.event)

    def test_after_a_week_it_is_another_message(self) -> None:
        post = a_command(a_post("x"))
        *_, again = folded(created(), post, post, at=[NOON, NOON, NOON + RETRY_WINDOW_MS + 1])
        assert (again.turn, again.outcome.seq) == (Turn.FIRST, 3)

    def test_a_refusal_is_repeated_even_if_it_would_be_accepted_now(self) -> None:
        post = a_command(a_post("x"), sender=CID)
        *_, retry = folded(created(), post, added(CID, client_id="row-1"), post)
        assert (retry.turn, retry.outcome.refusal) == (Turn.RETRY, "not_member")

    def test_nobody_can_occupy_anothers_client_id(self) -> None:
        *_, bobs = folded(created(), a_command(a_post("x")), a_command(a_post("x"), sender=BOB))
        assert (bobs.turn, bobs.outcome.seq) == (Turn.FIRST, 3)

    def test_nobody_can_occupy_a_row_of_the_outbox(self) -> None:
        occupied = a_command(a_post("row-1"))
        *_, joined = folded(created(), occupied, added(CID, client_id="row-1"))
        assert (joined.turn, joined.outcome.seq) == (Turn.FIRST, 3)

    def test_a_row_of_the_outbox_happens_once(self) -> None:
        row = added(CID, client_id="row-1")
        *_, retry = folded(created(), row, row)
        assert (retry.turn, retry.outcome.seq) == (Turn.RETRY, 2)

    def test_a_frame_may_hold_a_retry_and_something_new(self) -> None:
        *_, retry, new = folded(created(), a_command(a_post("x")), a_command(a_post("x"), a_post("y")))
        assert [(each.turn, each.outcome.seq) for each in (retry, new)] == [(Turn.RETRY, 2), (Turn.FIRST, 3)]

    def test_an_outcome_of_a_later_place_is_a_leftover_and_decides_nothing(self) -> None:
        """A fold that did not finish spent the same client id again, more than a week later."""
        post = a_command(a_post("x"))
        records = a_log([created(), post, post], at=[NOON, NOON, NOON + RETRY_WINDOW_MS + 1])
        unfinished = a_conversation()
        for record in records:
            unfinished.fold(record)
        again = a_conversation()
        again.spent |= unfinished.spent
        decisions = [decision for record in records for decision in again.fold(record).decisions]
        assert [(decision.turn, decision.outcome.seq) for decision in decisions] == [
            (Turn.FIRST, 1),
            (Turn.FIRST, 2),
            (Turn.FIRST, 3),
        ]


class TestRefusals:
    def test_who_does_not_belong_there_is_refused(self) -> None:
        """P8; the same whether the conversation exists or not."""
        post = a_command(a_post("x"), sender=MALLORY)
        assert refusals(post) == ["not_member"]
        assert refusals(created(), post) == [None, "not_member"]

    def test_who_was_removed_is_refused_from_then_on(self) -> None:
        before, after = a_command(a_post("x"), sender=BOB), a_command(a_post("y"), sender=BOB)
        assert refusals(created(), before, removed(BOB, client_id="row-1"), after) == [None, None, None, "not_member"]

    def test_members_are_changed_by_the_outbox_only(self) -> None:
        add = AddMembers(client_id=ClientId("x"), members=(Member(user_id=MALLORY, role="owner"),))
        remove = RemoveMember(client_id=ClientId("y"), user_id=BOB)
        assert refusals(created(), a_command(add), a_command(remove)) == [None, "forbidden", "forbidden"]

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

    @pytest.mark.parametrize("target_seq", [1, 3, 4, 99])
    def test_only_a_message_that_is_there_is_deleted(self, target_seq: int) -> None:
        commands = [
            created(),
            a_command(a_post("x")),
            a_command(a_delete("y", 2)),
            a_command(a_delete("z", target_seq)),
        ]
        assert refusals(*commands)[-1] == "not_found"

    def test_a_deletion_that_was_decided_before_still_needs_its_target(self) -> None:
        """It raised a KeyError, and its partition stood still for ever."""
        assert refusals(created(), a_command(a_delete("d1", 7), decided=True)) == [None, "not_found"]

    def test_what_is_deleted_is_gone(self) -> None:
        commands = [created(), a_command(a_post("x")), a_command(a_delete("y", 2)), a_command(a_delete("z", 2))]
        assert refusals(*commands)[-1] == "gone"


class TestAudiences:
    def test_an_event_is_for_the_members_at_its_place(self) -> None:
        decisions = folded(
            created(),
            added(CID, client_id="row-1"),
            a_command(a_post("x")),
            removed(CID, client_id="row-2"),
            a_command(a_post("y")),
        )
        two, three = frozenset({ANN, BOB}), frozenset({ANN, BOB, CID})
        assert [two, three, three, three, two] == [decision.audience for decision in decisions]
        assert [decision.members_seq for decision in decisions] == [1, 2, 2, 4, 4]

    def test_a_replay_is_for_the_members_of_its_own_place(self) -> None:
        """P8: it was shown to who joined since, and not to who was removed by it."""
        records = a_log(
            [created(), a_command(a_post("x")), removed(BOB, client_id="row-1"), added(CID, client_id="row-2")]
        )
        conversation = a_conversation()
        rows = [row for record in records for row in conversation.fold(record).rows]
        conversation.changes = [row.change for row in rows if isinstance(row, MembershipRow)]
        replays = [decision for record in records for decision in conversation.fold(record).decisions]
        two = frozenset({ANN, BOB})
        assert [two, two, two, frozenset({ANN, CID})] == [decision.audience for decision in replays]
        assert [decision.members_seq for decision in replays] == [1, 1, 3, 4]


class TestDeletion:
    def test_the_target_the_preview_and_nothing_else_is_emptied(self) -> None:
        conversation = a_conversation()
        first, second, third = a_log([created(), a_command(a_post("x"), a_post("y")), a_command(a_delete("z", 3))])
        conversation.fold(first)
        conversation.fold(second)
        rows = conversation.fold(third).rows
        assert [row.seq for row in rows if isinstance(row, EmptiedRow)] == [3]
        assert [(row.target_seq, row.event.seq) for row in rows if isinstance(row, EffectRow)] == [(3, 4)]
        assert conversation.head.preview is not None
        assert (conversation.head.preview.seq, conversation.head.preview.payload) == (3, {})

    def test_an_earlier_message_leaves_the_preview_alone(self) -> None:
        conversation = a_conversation()
        commands = [created(), a_command(a_post("x"), a_post("y", "still here")), a_command(a_delete("z", 2))]
        for record in a_log(commands):
            conversation.fold(record)
        assert conversation.head.preview is not None
        assert conversation.head.preview.payload == {"content": {"type": "text", "text": "still here"}}


class TestRows:
    def test_a_post_is_stored_with_its_client_id_and_marks_what_was_before_as_read(self) -> None:
        conversation = a_conversation()
        first, second = a_log([created(), a_command(a_post("x"))])
        conversation.fold(first)
        spent, event, sent = conversation.fold(second).rows
        assert isinstance(spent, SpentRow)
        assert isinstance(event, EventRow)
        assert isinstance(sent, SentRow)
        assert (spent.key.sender_id, spent.key.client_id, spent.outcome.seq) == (ANN, "x", 2)
        assert event.event.payload == {"content": {"type": "text", "text": "hello"}}
        assert (sent.user_id, sent.seq, sent.messages) == (ANN, 2, 1)

    def test_of_a_refusal_only_the_outcome_is_stored(self) -> None:
        (row,) = a_conversation().fold(a_log([a_command(a_post("x"), sender=MALLORY)])[0]).rows
        assert isinstance(row, SpentRow)
        assert row.outcome.refusal == "not_member"


class TestTargetAsOf:
    def test_what_is_above_the_head_is_not_there(self) -> None:
        assert target_as_of(an_event(5), [], 4) is None
        assert target_as_of(None, [], 4) is None

    @pytest.mark.parametrize(("seq", "deleted"), [(6, False), (7, True)])
    def test_it_is_deleted_from_the_effects_place_on(self, seq: int, *, deleted: bool) -> None:
        assert Target(type="message", sender_id=ANN, deleted=deleted) == target_as_of(
            an_event(5), [Effect(seq=7, type="delete")], seq
        )
