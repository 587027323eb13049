from natter.domain.connections import UPGRADE_MS
from tests.messages import ANN, NOON, a_connection


def test_the_upgrade_may_be_under_way_for_half_a_minute() -> None:
    phone = a_connection(ANN, connected_at=NOON)
    assert phone.may_be_upgrading(NOON + UPGRADE_MS)
    assert not phone.may_be_upgrading(NOON + UPGRADE_MS + 1)
