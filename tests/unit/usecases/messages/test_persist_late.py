"""What has waited for so long that the store refuses its timestamps is stored all the same, in its order (P1, P2)."""

import pytest

from natter.domain.errors import Unavailable
from natter.domain.messages.commands import Record
from natter.domain.write_times import MARGIN_US, REACH_US
from tests.messages import ANN, LOBBY, NOON, a_command, a_connection, a_delete, a_log, a_post, created
from tests.persisting import Stage

DAY_MS = 24 * 3600 * 1000
LOG = a_log([created(), a_command(a_post("x")), a_command(a_post("y"))], at=[NOON, NOON + 10, NOON + DAY_MS])


def a_stage(days: float) -> Stage:
    """So many days later; the store takes nothing from more than two days ago."""
    stage = Stage(a_connection(ANN))
    stage.now = NOON + int(days * DAY_MS)
    stage.tables.oldest = lambda: stage.now * 1000 - REACH_US
    return stage


def written_at(stage: Stage) -> int:
    return stage.tables.heads([LOBBY])[LOBBY].written_at


class TestLate:
    @pytest.mark.parametrize("days", [1.9, 2.1, 3.5, 6.9])
    def test_it_is_stored_in_its_order_and_shown(self, days: float) -> None:
        stage = a_stage(days)
        stage.persist(LOG)
        assert [event.type for event in stage.stored()] == ["conversation_created", "message", "message"]
        assert [event.at for event in stage.stored()] == [NOON, NOON + 10, NOON + DAY_MS]
        assert stage.seen(a_connection(ANN)) == [1, 2, 3]

    def test_its_timestamps_follow_from_the_logs(self) -> None:
        """So whoever does it again, anywhere, writes the same."""
        stage = a_stage(3.5)
        stage.persist(LOG[:2])
        assert written_at(stage) == NOON * 1000 + REACH_US + 1

    def test_a_replay_elsewhere_changes_nothing(self) -> None:
        stage = a_stage(3.5)
        stage.persist(LOG)
        before = written_at(stage), stage.stored()
        stage.environment()(LOG)
        assert (written_at(stage), stage.stored()) == before

    def test_what_was_deleted_stays_empty_whoever_comes_late(self) -> None:
        """A deletion that is written later is younger than the words, however late these are written again."""
        stage = a_stage(3.5)
        log = [*LOG, *a_log([a_command(a_delete("z", 2))], at=stage.now)]
        log[3] = Record(command=log[3].command, epoch=log[3].epoch, partition=0, offset=LOG[2].offset + 1, at=stage.now)
        late = stage.environment()
        stage.persist(log[:3])
        stage.persist(log)
        late(log[:3])
        assert "deleted_at" in stage.stored()[1].payload

    def test_what_was_refused_for_a_moment_only_is_given_back(self) -> None:
        """Another may be writing it still."""
        stage = a_stage(2)
        stage.now += MARGIN_US // 2000
        with pytest.raises(Unavailable):
            stage.persist(LOG[:1])
        assert stage.stored() == []
        stage.now += MARGIN_US // 1000
        stage.persist(LOG[:1])
        assert len(stage.stored()) == 1

    def test_what_is_set_aside_does_not_stop_it_either(self) -> None:
        stage = a_stage(3.5)
        stage.persist.void(LOG[0], LOG[1:])
        assert stage.tables.heads([LOBBY])[LOBBY].voids == 1
