"""Be told of others' presence, as long as the connection lasts and for ten minutes at most."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from natter.domain.connections import Connection
from natter.domain.ids import UserId
from natter.domain.presence import Presence, Watcher
from natter.ports.presence import Acquaintances, Watchers
from natter.usecases.presence.read_presence import PresenceNow, visible_to


@dataclass(frozen=True, kw_only=True)
class Watch:
    """
    Replace whom a connection watches, and answer how they are. Whom its user may not see (P8) is left out.

    It watches before it reads: what changes in between is told, if not answered.

    Raises:
        Unavailable: the database or the registry did not answer in time; repeating it is safe.
    """

    acquaintances: Acquaintances
    watchers: Watchers
    now: PresenceNow

    def __call__(self, connection: Connection, others: Collection[UserId]) -> Sequence[Presence]:
        visible = visible_to(connection.user_id, others, self.acquaintances)
        watcher = Watcher(user_id=connection.user_id, connection_id=connection.connection_id)
        self.watchers.watch(watcher, visible)
        return list(self.now(visible).values())
