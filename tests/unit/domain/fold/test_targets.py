import pytest

from natter.domain.fold.targets import Effect, Target, target_as_of
from tests.messages import ANN, an_event


class TestTargetAsOf:
    def test_what_is_above_the_head_is_not_there(self) -> None:
        assert target_as_of(an_event(5), [], 4) is None
        assert target_as_of(None, [], 4) is None

    @pytest.mark.parametrize(("seq", "deleted"), [(6, False), (7, True)])
    def test_it_is_deleted_from_the_effects_place_on(self, seq: int, *, deleted: bool) -> None:
        assert Target(type="message", sender_id=ANN, deleted=deleted) == target_as_of(
            an_event(5), [Effect(seq=7, type="delete")], seq
        )

    def test_only_edits_up_to_the_head_have_happened(self) -> None:
        effects = [Effect(seq=9, type="edit"), Effect(seq=6, type="edit"), Effect(seq=7, type="reaction")]
        assert Target(type="message", sender_id=ANN, edits=frozenset({6})) == target_as_of(an_event(5), effects, 8)
