"""
When somebody is told, silently, that the number on their icons has changed: at most once a minute, and not on the
device on which they have changed it.
"""

from collections.abc import Mapping

from natter.domain.ids import DeviceId, UserId

PACE_MS = 60_000
"""Between two silent pushes of a user."""

STEP_MS = 10_000
"""Those that are put off come at multiples of this, so that many are put off alike."""

UNKNOWN = -1
"""What a device shows that has read something itself, before something was read on another one: no number is this."""

type Readers = Mapping[UserId, DeviceId | None]
"""Who has read something, and on which device; None: that is not known, or on several."""


def told_at(last: int | None, now: int) -> int | None:
    """
    When to tell somebody of what has changed at `now`, who was told, or is to be told, at `last` (milliseconds).

    None: they are to be told later already, and of this as well. Who is told at a time is `last` from then on.
    """
    if last is None or last + PACE_MS <= now:
        return now
    if last > now:
        return None
    return -(-(last + PACE_MS) // STEP_MS) * STEP_MS
