"""Ports to the platforms that wake devices."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from natter.domain.accounts.users import PushTarget
from natter.domain.ids import UserId
from natter.domain.push.registrations import Handed, Registration, Waking


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


class PushRegistrations(Protocol):
    """
    Where users are woken, for who wakes them; `Devices` says how registrations come and go.

    All methods raise `Unavailable` when the store does not answer in time.
    """

    def of(self, users: Iterable[UserId]) -> Mapping[UserId, Sequence[Registration]]:
        """The registrations of `users`, by user and in the order of their devices; who has none is missing."""

    def forget(self, registration: Registration) -> None:
        """
        Wake the device there no more. What it has registered since, the same token included, stays.

        Its endpoint is abandoned (`AbandonedEndpoints`). Repeating it is safe.
        """


class AbandonedEndpoints(Protocol):
    """
    Endpoints whose registration is gone, whatever ended it, for their platform to forget them as well.

    A platform has one endpoint for each token, whoever registers it: one that is removed must not be one that somebody
    is just registering. Who registers a token claims it first, and so begins its time anew.
    All methods raise `Unavailable` when the store does not answer in time.
    """

    def claim(self, target: PushTarget, *, at: int) -> None:
        """
        The token is about to be registered: its endpoint, if it was abandoned, counts as abandoned at `at`.

        Waits for the end of a removal that is under way.
        """

    def note(self, target: PushTarget, endpoint: str, *, at: int) -> None:
        """One that was made for a registration that then was refused; nothing, if somebody has it registered."""

    def remove_one(self, remove: Callable[[str], None], *, abandoned_before: int) -> bool:
        """
        Call `remove` with one that was abandoned before that, and forget it; False if there is none.

        Nobody claims it meanwhile. What `remove` raises passes through, and the endpoint is given again.
        """


class PushEndpointRemoval(Protocol):
    """What becomes of what `PushEndpoints` has made."""

    def remove(self, endpoint: str) -> None:
        """
        The platform forgets it; not being there is fine.

        Raises:
            Unavailable: the platform does not answer in time; asking again is safe.
        """
