"""Where devices are woken, and what a platform says to it."""

import re
from dataclasses import dataclass, replace
from enum import Enum

from natter.domain.accounts.users import PushTarget
from natter.domain.ids import DeviceId, UserId
from natter.domain.push.subscriptions import Subscription
from natter.domain.push.wording import Badge, Push

_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")


def canonical(target: PushTarget) -> PushTarget:
    """
    The same, in the one form of its token: a token belongs to who registered it last, however it is written.

    Raises:
        BadRequest: it is of a browser, and no subscription.
    """
    match target.provider:
        case "webpush":
            return replace(target, token=Subscription.of(target.token).token)
        case "apns" | "apns_sandbox" if _HEXADECIMAL.fullmatch(target.token):
            return replace(target, token=target.token.lower())
        case _:
            return target


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """A device that is to be woken, and where."""

    user_id: UserId
    device_id: DeviceId
    target: PushTarget
    endpoint: str | None = None
    """What SNS calls the device (ARN); None: none was made, or the platform needs none."""
    registered_at: int = 0
    """When it was registered there last, milliseconds."""

    @property
    def takes_silent_ones(self) -> bool:
        """Whether it can be told a number and show nothing. Browsers want something to be shown for every push."""
        return self.target.provider != "webpush"


@dataclass(frozen=True, kw_only=True, slots=True)
class Waking:
    """A push to one device."""

    registration: Registration
    push: Push | Badge
    expires_at: int
    """Milliseconds; what could not be delivered until then, the platform drops."""


class Outcome(Enum):
    """What came of handing a push over to its platform."""

    ACCEPTED = "accepted"
    DEAD = "dead"
    """The platform will not take this token again: the registration is forgotten."""
    REFUSED = "refused"
    """Not taken now (throttled, out of order): nothing was handed over, and a later try may succeed."""
    UNKNOWN = "unknown"
    """No answer: it may have been handed over."""
    INVALID = "invalid"
    """Not taken, and it would not be if it came again: the fault is ours."""
    UNCONFIGURED = "unconfigured"
    """This stage has no credentials for the platform, or the device has no endpoint there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Handed:
    """What came of one `Waking`."""

    outcome: Outcome
    retry_after_ms: int | None = None
    """How long a platform that has REFUSED wants to be left alone, if it says so."""
