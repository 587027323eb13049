from natter.domain.ids import ClientId
from natter.domain.receipts import Cursor
from natter.usecases.operations.locate import Locate
from tests.messages import ANN, BOB, KITCHEN, LOBBY, MALLORY, a_command, a_log, a_post, created
from tests.persisting import Stage

LOG = a_log([created(), a_command(a_post("m1", "a secret")), a_command(a_post("m1", "another"), sender=MALLORY)])


def locate() -> Locate:
    stage = Stage()
    stage.persist(LOG)
    stage.tables.write_cursors({(LOBBY, BOB): Cursor(read_seq=2, read_messages=1, delivered_seq=2, written_at=1)})
    return Locate(timeline=stage.tables)


class TestLocate:
    def test_by_its_place(self) -> None:
        found = locate().at(LOBBY, 2)
        assert (found.client_id, found.sender_id, [each.offset for each in found.outcomes]) == ("m1", ANN, [1])
        assert (found.members, found.delivered_to, found.read_by) == (2, 1, 1)
        assert found.head is not None
        assert found.head.seq == 2

    def test_by_its_client_id(self) -> None:
        found = locate()
        assert found.sent(LOBBY, ANN, ClientId("m1")) == found.at(LOBBY, 2)

    def test_what_was_refused_has_an_outcome_and_no_event(self) -> None:
        found = locate().sent(LOBBY, MALLORY, ClientId("m1"))
        assert ([each.refusal for each in found.outcomes], found.event) == (["not_member"], None)

    def test_what_was_decided_elsewhere_is_of_no_frame(self) -> None:
        found = locate().at(LOBBY, 1)
        assert (found.client_id, found.outcomes, found.event is None) == (None, (), False)

    def test_what_nobody_knows(self) -> None:
        found = locate().sent(KITCHEN, ANN, ClientId("m9"))
        assert (found.outcomes, found.event, found.head) == ((), None, None)
        assert locate().at(LOBBY, 99).event is None
