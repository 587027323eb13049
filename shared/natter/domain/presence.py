"""Whether somebody is there: a pure function of their connections and of the traces they have left."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from natter.domain.ids import ConnectionId, DeviceId, UserId

GRACE_MS = 15_000
"""How long somebody without a connection is shown as they were: networks change, apps come back."""

PACE_MS = 1_000
"""Between two times that anybody is told of the same user."""

SKEW_MS = 300
"""How far the clocks of functions, of the cache and of the queue may be apart."""

MAX_WATCHED = 100
"""Users that one connection watches, or one request asks for."""

DeviceState = Literal["online", "away"]
PresenceState = Literal["online", "away", "offline"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a device has said of itself, by connecting or in so many words."""

    state: DeviceState
    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """What is remembered of a user besides their connections."""

    seen_at: int | None = None
    """When they were last known to be connected, milliseconds; None: not of late."""
    seen_on: DeviceId | None = None
    """On which device that was."""
    said: Mapping[DeviceId, Said] = field(default_factory=dict)
    """By device. Of one that is not connected any more, only "away" is kept."""

    @property
    def away(self) -> frozenset[DeviceId]:
        """Devices that have said so since they connected."""
        return frozenset(device for device, said in self.said.items() if said.state == "away")


@dataclass(frozen=True, kw_only=True, slots=True)
class Presence:
    """How somebody is shown to others."""

    user_id: UserId
    state: PresenceState
    last_seen_at: int | None = None
    """Of who is offline, milliseconds."""
    grace_ms: int = 0
    """After which they are offline, if they do not come back: of who has no connection."""


def presence_of(user: UserId, connected: Collection[DeviceId], traces: Traces, now: int) -> Presence:
    """
    Online if any of the connected devices is, else away if any is connected; without one as the last was, for
    `GRACE_MS`, and offline then.
    """
    if connected:
        return Presence(user_id=user, state="away" if traces.away.issuperset(connected) else "online")
    grace_ms = 0 if traces.seen_at is None else traces.seen_at + GRACE_MS - now
    if grace_ms <= 0:
        return Presence(user_id=user, state="offline", last_seen_at=traces.seen_at)
    return Presence(user_id=user, state="away" if traces.seen_on in traces.away else "online", grace_ms=grace_ms)


def may_be_news(connected: Collection[DeviceId], traces: Traces, changed: Collection[DeviceId], since: int) -> bool:
    """
    Whether what has happened to the devices that have `changed`, at `since` and later, may show their user otherwise.

    It does not if another device is online and has been since before. Each device that is taken for a reason to tell
    nobody had changed earlier than those that are not told of, so at the end of every such chain is a change that was
    told. What is equally early, or of which nothing is known, is no reason.
    """
    return not any(
        device not in changed
        and (said := traces.said.get(device)) is not None
        and said.state == "online"
        and said.at < since
        for device in connected
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Watcher:
    """A connection that is told of others."""

    user_id: UserId
    connection_id: ConnectionId


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Somebody who is to be looked at later."""

    user_id: UserId
    watchers: tuple[Watcher, ...] = ()
    """Who is told then; empty: all who watch them, should they still be gone."""
    attempt: int = 0
    """How often these watchers could not be told before."""
    changed: bool = False
    """Watchers are told how they are then, whatever that is."""
