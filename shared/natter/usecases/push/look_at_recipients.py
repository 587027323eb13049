"""How those who may have to be woken are just now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.domain.push.waking import Recipient
from natter.domain.push.waves import Candidates
from natter.domain.receipts import Cursor
from natter.ports.delivery import Connections
from natter.ports.presence import PresenceTraces
from natter.ports.push import Reachables
from natter.ports.reading import Timeline

type Recipients = Mapping[tuple[ConversationId, UserId], Recipient]


@dataclass(frozen=True, kw_only=True)
class LookAtRecipients:
    """
    One look at each store, for all of them.

    Raises:
        Unavailable: a store did not answer in time; also: the registry of connections has lost its data and is being
            rebuilt, so that who is connected would be woken.
    """

    reachables: Reachables
    connections: Connections
    traces: PresenceTraces
    timeline: Timeline

    def __call__(self, candidates: Sequence[Candidates]) -> Recipients:
        members = list(dict.fromkeys((each.conversation_id, user) for each in candidates for user in each.users))
        users = list(dict.fromkeys(user for _, user in members))
        reachables = self.reachables.of(members)
        cursors = self.timeline.cursors(members)
        found = self.connections.look_up(users)
        if found.forgotten:
            raise Unavailable("registry")
        traces = self.traces.of(users)
        connected = {
            user: {each.device_id: each.device_id not in traces[user].away for each in found.connections.get(user, ())}
            for user in users
        }
        return {
            (conversation, user): Recipient(
                user_id=user,
                reachable=reachables.get((conversation, user)),
                read_seq=_read_seq(cursors.get((conversation, user))),
                connected=connected[user],
            )
            for conversation, user in members
        }


def _read_seq(cursor: Cursor | None) -> int:
    return 0 if cursor is None else max(cursor.read_seq, cursor.sent_seq)
