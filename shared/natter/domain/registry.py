"""What the registry of connections must hold, according to the log: a pure function of what was noted there."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from natter.domain.connections import Connection, ConnectionChange
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId
from natter.domain.presence import Said, Traces
from natter.names import CONNECTION_LIFETIME_S


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """What a part of the log says of its users."""

    connections: Sequence[Connection]
    """Those that are open, as far as the log knows."""
    ends: Sequence[ConnectionChange]
    """Of those that are not."""
    traces: Mapping[UserId, Traces]
    sessions: Mapping[UserId, AbstractSet[SessionId]]
    """Those that they were connected in."""


def remembered(changes: Iterable[ConnectionChange], now: int) -> Remembered:
    """
    What `changes` have come to at `now` (milliseconds). They are everything that was noted of their users of late, in
    the order of the log.

    A connection that was closed is closed for good, wherever in the log an opening of it stands: its id is never given
    again, and a ping that was under way may be noted late.
    """
    seen: dict[ConnectionId, Connection] = {}
    ends: dict[ConnectionId, ConnectionChange] = {}
    traces: dict[UserId, Traces] = {}
    sessions: dict[UserId, set[SessionId]] = defaultdict(set)
    for change in changes:
        connection = change.connection
        is_known = connection.connection_id in seen
        if change.change == "closed":
            ends[connection.connection_id] = change
        else:
            seen[connection.connection_id] = connection
        sessions[connection.user_id].add(connection.session_id)
        traces[connection.user_id] = _after(traces.get(connection.user_id, Traces()), change, is_known=is_known)
    oldest = now - CONNECTION_LIFETIME_S * 1000
    still_open = [each for id_, each in seen.items() if id_ not in ends and each.connected_at > oldest]
    return Remembered(connections=still_open, ends=list(ends.values()), traces=traces, sessions=sessions)


def _after(traces: Traces, change: ConnectionChange, *, is_known: bool) -> Traces:
    """An opening of what is known is a ping that has registered it again: how its device is stays as it is."""
    device, said = change.connection.device_id, dict(traces.said)
    if change.change == "closed":
        _forget_online(said, device)
    elif change.change == "status" or not (is_known and device in said):
        said[device] = Said(state=change.state or "online", at=change.at)
    if traces.seen_at is not None and traces.seen_at > change.at:
        return replace(traces, said=said)
    return Traces(seen_at=change.at, seen_on=device, said=said)


def _forget_online(said: dict[DeviceId, Said], device: DeviceId) -> None:
    if device in said and said[device].state == "online":
        del said[device]
