"""Ports to the platforms that wake devices."""

from collections.abc import Sequence
from typing import Protocol

from natter.domain.accounts.users import PushTarget
from natter.domain.push.registrations import Handed, Waking


class PushService(Protocol):
    """A platform, or several behind one door."""

    def hand_over(self, wakings: Sequence[Waking], *, budget_s: float) -> Sequence[Handed]:
        """
        Hand all over, side by side; one result each, in their order. Each is tried once.

        What has no answer after `budget_s` is UNKNOWN, what was not begun until then REFUSED. Raises nothing of the
        platform's.
        """


class PushEndpoints(Protocol):
    """What has to be made at a platform before a device can be woken there."""

    def make(self, target: PushTarget) -> str | None:
        """
        The endpoint of `target`, enabled; made if there is none yet. None: its platform needs none, or this stage has
        no credentials for it. Making one again is safe.

        Raises:
            BadRequest: the platform refuses the token for good, or it has not the form that the platform gives.
            Unavailable: the platform does not answer in time; asking again is safe.
        """


class WebKey(Protocol):
    """The key with which browsers subscribe."""

    def public_key(self) -> str:
        """
        Of P-256, uncompressed, in base64url without padding. A subscription is good for the key it was made with.

        Raises:
            Unavailable: it could not be read in time.
        """
