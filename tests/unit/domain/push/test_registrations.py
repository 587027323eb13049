from dataclasses import replace

import pytest

from natter.domain.accounts.users import PushProvider, PushTarget
from tests.messages import BOB
from tests.pushing import a_registration


@pytest.mark.parametrize(
    ("provider", "silent"), [("apns", True), ("apns_sandbox", True), ("fcm", True), ("webpush", False)]
)
def test_browsers_take_no_silent_ones(provider: PushProvider, silent: bool) -> None:
    registration = replace(a_registration(BOB), target=PushTarget(provider=provider, token="t"))

    assert registration.takes_silent_ones == silent


def test_a_token_is_not_shown() -> None:
    assert a_registration(BOB).target.token not in repr(a_registration(BOB))
