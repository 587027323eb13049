from natter.domain.fold.targets import Target
from natter.domain.messages.states import NO_STATE, MessageState
from tests.messages import ANN


class TestTarget:
    def test_nothing_has_happened_to_it_until_something_is_known(self) -> None:
        target = Target(type="message", sender_id=ANN)
        assert target.state == NO_STATE

    def test_only_its_state_changes(self) -> None:
        edited = MessageState(seq=3, edits=(3,), edited_at=1)
        assert Target(type="message", sender_id=ANN).with_state(edited) == Target(
            type="message", sender_id=ANN, state=edited
        )
