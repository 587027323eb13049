import time

from natter.adapters.webpush.attempt import Attempt
from natter.domain.accounts.users import PushTarget
from natter.domain.ids import DeviceId, UserId
from natter.domain.push.registrations import Outcome, Registration, Waking
from natter.domain.push.subscriptions import PushHost, Subscription
from natter.domain.push.wording import Badge


def an_attempt() -> Attempt:
    target = PushTarget(provider="webpush", token="{}")
    registration = Registration(user_id=UserId("ann"), device_id=DeviceId("phone"), target=target)
    subscription = Subscription(host="push.example", port=443, path="/", p256dh=bytes(65), auth=bytes(16))
    waking = Waking(registration=registration, push=Badge(badge=1), expires_at=0)
    return Attempt(waking, subscription, PushHost.of("push.example"), time.monotonic() + 1)


def test_what_was_begun_may_have_been_handed_over() -> None:
    attempt = an_attempt()
    assert attempt.begin()
    assert attempt.give_up() is Outcome.UNKNOWN


def test_what_was_given_up_before_is_not_begun_any_more() -> None:
    """Else it would come although somebody was told that nothing was handed over, and tries again."""
    attempt = an_attempt()
    assert attempt.give_up() is Outcome.REFUSED
    assert not attempt.begin()
