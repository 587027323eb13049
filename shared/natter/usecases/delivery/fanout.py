"""Cut what is to be shown to many into slices, which are posted side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from natter.domain.budgets import LOOKED_UP
from natter.domain.clock import NowMs
from natter.domain.connections import Connection
from natter.domain.conversations.audience import readers_by_places
from natter.domain.conversations.rosters import Roster
from natter.domain.delivery import Slice, Undelivered
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.ports.delivery import Connections, SliceQueue
from natter.ports.reading import Timeline
from natter.usecases.delivery.settle_posts import SLICE_CONNECTIONS, SLICE_EVENTS


@dataclass(frozen=True, kw_only=True)
class Fanout:
    """
    Queue events for every connection of everybody who is to see them; of those who joined or left meanwhile, each
    is shown what happened while they belonged to it (P8).

    Raises:
        Unavailable: some may be queued; doing all of it again is safe, clients know what they have. Also: the registry
            may have lost some of their connections, and is being rebuilt.
    """

    timeline: Timeline
    connections: Connections
    queue: SliceQueue
    now_ms: NowMs
    rebuild: Callable[[], None]
    """Asks for a rebuilding of the registry."""

    def __call__(self, undelivered: Sequence[Undelivered], *, waits: bool = True) -> int:
        """Returns the number of slices. Unless it `waits` for a registry that has lost data, who is known counts."""
        places: dict[ConversationId, set[int]] = {}
        for each in undelivered:
            places.setdefault(each.conversation_id, set()).update(range(each.first, each.last + 1))
        rosters = self.timeline.rosters({each: (min(seqs), max(seqs)) for each, seqs in places.items()})
        slices = [
            slice_ for each, seqs in places.items() for slice_ in self._slices(each, seqs, rosters[each], waits=waits)
        ]
        if slices:
            self.queue.add(slices)
        return len(slices)

    def _slices(self, conversation: ConversationId, seqs: set[int], roster: Roster, *, waits: bool) -> Iterator[Slice]:
        for shown, people in readers_by_places(roster, seqs).items():
            connections = [
                connection
                for some in batched(people, LOOKED_UP, strict=False)
                for owned in self._connected(some, waits=waits).values()
                for connection in owned
            ]
            for few in batched(shown, SLICE_EVENTS, strict=False):
                for together in batched(connections, SLICE_CONNECTIONS, strict=False):
                    yield Slice(conversation_id=conversation, seqs=few, connections=together, made_at=self.now_ms())

    def _connected(self, users: Sequence[UserId], *, waits: bool) -> Mapping[UserId, Sequence[Connection]]:
        found = self.connections.look_up(users)
        if found.forgotten:
            self.rebuild()
            if waits:
                raise Unavailable("registry")
        return found.connections
