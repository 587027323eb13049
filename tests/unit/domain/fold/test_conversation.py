from dataclasses import replace

import pytest

from natter.domain.fold.conversation import MisplacedRecordError, Turn
from natter.names import RETRY_WINDOW_MS
from tests.folds import a_conversation, a_roster, folded
from tests.messages import (
    ANN,
    BOB,
    CID,
    MALLORY,
    NOON,
    a_command,
    a_delete,
    a_log,
    a_post,
    added,
    an_edit,
    created,
    removed,
)


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

    def test_an_amendment_is_repeated_like_a_message(self) -> None:
        """P3: also when its target is gone by now."""
        edit, delete = a_command(an_edit("e", 2)), a_command(a_delete("d", 2))
        *_, again, deleted_again = folded(created(), a_command(a_post("x")), edit, delete, edit, delete)
        assert [(each.turn, each.outcome.seq) for each in (again, deleted_again)] == [(Turn.RETRY, 3), (Turn.RETRY, 4)]

    def test_an_older_outcome_stays_known_when_the_client_id_is_spent_anew(self) -> None:
        """The fold that spent it anew crashed before its head: what the first one became was lost."""
        post = a_command(a_post("x"))
        first, second, early = NOON, NOON + RETRY_WINDOW_MS + 1, NOON + 5
        records = a_log([created(), post, post, post], at=[NOON, first, early, second])
        whole = a_conversation()
        decisions = [decision for record in records for decision in whole.fold(record).decisions]
        assert [(each.turn, each.outcome.seq) for each in decisions[1:]] == [
            (Turn.FIRST, 2),
            (Turn.RETRY, 2),
            (Turn.FIRST, 3),
        ]
        unfinished = a_conversation()
        for record in records[:2]:
            unfinished.fold(record)
        again = replace(unfinished, spent=whole.spent)
        assert [again.fold(record).decisions[0] for record in records[2:]] == decisions[2:]

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
        conversation.past = a_roster(rows, 1, 4)
        replays = [decision for record in records for decision in conversation.fold(record).decisions]
        two = frozenset({ANN, BOB})
        assert [two, two, two, frozenset({ANN, CID})] == [decision.audience for decision in replays]
        assert [decision.members_seq for decision in replays] == [1, 1, 3, 4]
