from natter.domain.messages.events import Head
from tests.messages import LOBBY, a_head


class TestHead:
    def test_positions_compare_by_epoch_first(self) -> None:
        """Offsets begin anew in every epoch."""
        heads = [a_head(1, epoch=1, offset=9), a_head(2, epoch=2, offset=0), a_head(3, epoch=2, offset=1)]
        assert [head.position for head in heads] == sorted(head.position for head in heads)

    def test_of_what_is_not_folded_every_record_is_ahead(self) -> None:
        assert Head(conversation_id=LOBBY).position < a_head(1, epoch=0, offset=0).position
