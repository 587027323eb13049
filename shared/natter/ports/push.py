"""Ports of pushing: who may have to be woken, what they were woken for, and the platforms that wake them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from natter.domain.accounts.users import PushTarget
from natter.domain.ids import ConversationId, DeviceId, UserId
from natter.domain.push.badges import Readers
from natter.domain.push.bursts import Claim, Claimed
from natter.domain.push.registrations import Handed, Registration, Waking
from natter.domain.push.waking import Reachable
from natter.domain.push.waves import Wave


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
    Where devices are woken, for those who wake them; `Devices` says how registrations come and go.

    All methods raise `Unavailable` without an answer in time.
    """

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Sequence[Registration]]:
        """The registrations of each of `users`, in the order of their devices; users without any are missing."""

    def among(self, users: Collection[UserId]) -> AbstractSet[UserId]:
        """Those of `users` who have any."""

    def forget(self, registrations: Collection[Registration]) -> None:
        """
        Remove these, whose tokens are dead; what was registered since, the same token included, stays.

        Their endpoints are abandoned (`AbandonedEndpoints`). Repeating it is safe.
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


class Reachables(Protocol):
    """What PostgreSQL knows of who may have to be woken. All methods raise `Unavailable` without an answer in time."""

    def of(
        self, members: Collection[tuple[ConversationId, UserId]]
    ) -> Mapping[tuple[ConversationId, UserId], Reachable]:
        """How these want to be woken, as members; who is none (any more) is missing."""

    def names(self, users: Collection[UserId]) -> Mapping[UserId, str]:
        """The display names of these; who is erased, or has asked to be, is missing."""


class PushMarks(Protocol):
    """
    What each device was woken for (P7): set before a push is handed over, so that none is handed over twice, however
    often it is asked and by how many at once. What it loses may be pushed again, or not at all.

    All methods raise `Unavailable` without an answer in time; claims may have been made then.
    """

    def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Claimed]:
        """What comes of each, in their order, as of `now` (milliseconds): see `natter.domain.push.bursts`."""

    def release(self, claims: Sequence[Claim]) -> None:
        """Take back claims that were won: nothing was handed over, and they may be claimed again."""


class ShownBadges(Protocol):
    """
    Which number each device shows on its icon, as far as it was told from here, and when it may be told another one.
    What it loses stays on an icon until the next push. All methods raise `Unavailable` without an answer in time.
    """

    def note(self, shown: Mapping[tuple[UserId, DeviceId], int]) -> None:
        """These devices show these numbers now."""

    def read(self, readers: Readers) -> None:
        """
        Something was read on these devices, which from then on show a number of their own, until another one is noted.
        The others that did so show one that is not true any more: `UNKNOWN`. Repeating it is safe.
        """

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Mapping[DeviceId, int]]:
        """
        Which numbers but zero the devices of each of `users` show, but those with one of their own; users without any
        are missing.
        """

    def due(self, users: Collection[UserId], *, now: int) -> Mapping[UserId, int]:
        """
        Of `users`, those with a device that shows a number who are to be told of what has changed at `now`, and when
        (milliseconds): see `natter.domain.push.badges`. They count as told then. Who is missing has nothing to be
        told, or is told later already.
        """

    def forget(self, user: UserId) -> None:
        """What is known of a user: as if they had never been told anything."""


class WaveQueue(Protocol):
    """Waves waiting to be looked at, in no order; those for crowds in nobody's way. Each comes at least once."""

    def add(self, waves: Sequence[Wave], *, delay_s: int | Sequence[int] = 0) -> None:
        """
        Add all, to be handed out after `delay_s` seconds, at most 900: of all of them, or of each its own.

        Raises:
            Unavailable: some may be missing; adding all of them again is safe.
        """


class WebKey(Protocol):
    """The key with which browsers subscribe."""

    def public_key(self) -> str:
        """
        Of P-256, uncompressed, in base64url without padding. A subscription is good for the key it was made with.

        Raises:
            Unavailable: it could not be read in time.
        """
