from natter.domain.connections import GIVEN_UP_MS, UPGRADE_MS
from tests.messages import ANN, NOON, a_connection


def test_the_upgrade_may_be_under_way_for_half_a_minute() -> None:
    phone = a_connection(ANN, connected_at=NOON)
    assert phone.may_be_upgrading(NOON + UPGRADE_MS)
    assert not phone.may_be_upgrading(NOON + UPGRADE_MS + 1)


def test_who_waits_for_the_upgrade_for_longer_than_clients_do_may_be_gone() -> None:
    phone = a_connection(ANN, connected_at=NOON)
    assert not phone.may_be_given_up(NOON + GIVEN_UP_MS)
    assert phone.may_be_given_up(NOON + GIVEN_UP_MS + 1)
