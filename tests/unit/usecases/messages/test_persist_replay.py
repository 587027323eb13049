"""What was begun and not ended is begun again."""

from collections.abc import Callable
from itertools import count

import pytest

from natter.domain.errors import Unavailable
from natter.domain.fold.conversation import Turn
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Head
from natter.usecases.delivery.deliver import STALE_MS
from tests.messages import (
    ANN,
    BOB,
    CID,
    LOBBY,
    a_command,
    a_connection,
    a_delete,
    a_log,
    a_post,
    added,
    an_edit,
    attached,
    created,
    removed,
)
from tests.persisting import CAT, DOG, Stage


class TestReplay:
    def test_a_replay_is_delivered_and_emitted_again(self) -> None:
        """It may not have been: the invocation may have died in between (P1)."""
        anns = a_connection(ANN)
        stage = Stage(anns)
        records = a_log([created(), a_command(a_post("x"))])
        stage.persist(records)
        replayed = stage.environment()(records)
        assert {decision.turn for decision in replayed.decisions} == {Turn.REPLAY}
        assert stage.seen(anns) == [1, 2, 1, 2]
        assert len(stage.emitted()) == 4
        assert len(stage.stored()) == 2

    @pytest.mark.parametrize(("age_ms", "seen"), [(STALE_MS - 1, [1, 1]), (STALE_MS, [1])])
    def test_a_stale_replay_is_not_delivered_again(self, age_ms: int, seen: list[int]) -> None:
        anns = a_connection(ANN)
        stage = Stage(anns)
        records = a_log([created()])
        stage.persist(records)
        stage.now += age_ms
        stage.environment()(records)
        assert stage.seen(anns) == seen

    def test_what_is_decided_now_is_delivered_however_long_it_had_to_wait(self) -> None:
        """P9: after an outage."""
        anns = a_connection(ANN)
        stage = Stage(anns)
        stage.now += 10 * STALE_MS
        stage.persist(a_log([created()]))
        assert stage.seen(anns) == [1]

    def test_a_replay_is_shown_to_the_members_of_its_own_place(self) -> None:
        """P8. Who joined in the same batch was shown what had been said before."""
        bobs, cids = a_connection(BOB), a_connection(CID)
        stage = Stage(bobs, cids)
        records = a_log(
            [created(), a_command(a_post("x")), added(CID, client_id="row-1"), removed(BOB, client_id="row-2")]
        )
        stage.persist(records)
        stage.environment()(records)
        assert (sorted(stage.seen(bobs)), sorted(stage.seen(cids))) == ([1, 1, 2, 2, 3, 3, 4, 4], [3, 3, 4, 4])

    def test_a_replay_in_two_batches_by_one_environment_reaches_the_same_people(self) -> None:
        """The first batch loads a conversation that is ahead of it; what the second needs must not be forgotten."""
        bobs = a_connection(BOB)
        stage = Stage(bobs)
        records = a_log([created(), a_command(a_post("x")), a_command(a_post("y"))])
        stage.persist(records)
        warm = stage.environment()
        warm(records[:1])
        warm(records[1:])
        assert stage.seen(bobs) == [1, 2, 3, 1, 2, 3]


class TestUnavailable:
    def test_wherever_it_strikes_a_replay_completes_everything(self) -> None:
        """P1, P9: fail the first access, then the second, and so on, until nothing fails any more."""
        undisturbed = Stage()
        undisturbed.persist(self.batch())
        for failing in count(1):
            anns, bobs = a_connection(ANN), a_connection(BOB)
            stage = Stage(anns, bobs)
            stage.heads.fill([LOBBY], lambda _: {LOBBY: Head(conversation_id=LOBBY)})
            stage.before_access = failing_at(failing)
            has_failed = False
            try:
                stage.persist(self.batch())
            except Unavailable:
                has_failed = True
            stage.before_access = lambda: None
            if not has_failed:
                break
            stage.persist(self.batch())
            assert stage.stored() == undisturbed.stored()
            assert stage.tables.heads([LOBBY]) == undisturbed.tables.heads([LOBBY]) == stage.heads.get([LOBBY])
            assert set(stage.seen(anns)) == set(stage.seen(bobs)) == {1, 2, 3, 4, 5}
            assert {event.seq for emission in stage.emitted() for event in emission.events} == {1, 2, 3, 4, 5}
            assert stage.told()[0] == (ANN, {CAT, DOG}, 5)
            assert {"forbidden"} == {frame["code"] for frame in stage.received(bobs) if frame["type"] == "error"}
        assert failing > 20

    @staticmethod
    def batch() -> list[Record]:
        refused = a_command(a_delete("no", 2), sender=BOB, origin=a_connection(BOB))
        return a_log(
            [
                created(),
                a_command(a_post("x"), a_post("y", content=attached(CAT))),
                refused,
                a_command(an_edit("e", 3, content=attached(DOG))),
                a_command(a_delete("z", 3)),
                a_command(a_post("x")),
            ]
        )


def failing_at(access: int) -> Callable[[], None]:
    """Fails the access with this number, counted from 1."""
    numbers = count(1)

    def before_access() -> None:
        if next(numbers) == access:
            raise Unavailable("a simulated dependency")

    return before_access
