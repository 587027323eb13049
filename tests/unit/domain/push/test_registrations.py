from dataclasses import replace

import pytest

from natter.domain.accounts.users import PushProvider, PushTarget
from natter.domain.errors import BadRequest
from natter.domain.push.registrations import canonical
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


@pytest.mark.parametrize(
    ("provider", "token", "kept"),
    [
        ("apns", "00FCab", "00fcab"),
        ("apns_sandbox", "00FCab", "00fcab"),
        ("apns", "Not hexadecimal", "Not hexadecimal"),
        ("fcm", "00FCab", "00FCab"),
    ],
)
def test_a_token_has_one_form(provider: PushProvider, token: str, kept: str) -> None:
    assert canonical(PushTarget(provider=provider, token=token)) == PushTarget(provider=provider, token=kept)


def test_a_subscription_that_is_none_is_refused() -> None:
    with pytest.raises(BadRequest, match=r"^token: "):
        canonical(PushTarget(provider="webpush", token="t"))
