"""What tests of presence share: what looks at people, made of memory, and one who watches another."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from natter.domain.connections import Connection, ConnectionChange
from natter.domain.ids import DeviceId, UserId
from natter.domain.presence import DeviceState, Look, Watcher
from natter.usecases.accounts.connect import Disconnect
from natter.usecases.presence.read_presence import PresenceNow
from natter.usecases.presence.settle_presence import SettlePresence
from natter.usecases.presence.tell_watchers import TellWatchers
from natter.usecases.presence.watch import Watch
from natter.wire.json_frames import JsonFrames
from tests.chat import Chat
from tests.identity import World
from tests.memory.presence import MemoryLookQueue
from tests.messages import a_connection


def unhindered(port: Any) -> Any:
    return port


def settling(
    world: World,
    queue: MemoryLookQueue,
    through: Callable[[Any], Any] = unhindered,
    ask_for_rebuild: Callable[[], None] = lambda: None,
) -> SettlePresence:
    """Over ports that are reached `through` something."""
    sockets, traces = through(world.sockets), through(world.traces)
    now = PresenceNow(connections=sockets, traces=traces, now_ms=world.clock)
    return SettlePresence(
        now=now,
        traces=traces,
        connections=sockets,
        watchers=through(world.watchers),
        acquaintances=world.acquaintances,
        tell=TellWatchers(
            now=now,
            acquaintances=world.acquaintances,
            connections=sockets,
            gateway=sockets,
            frames=JsonFrames(),
            now_ms=world.clock,
        ),
        queue=queue,
        pace=through(world.pace),
        ask_for_rebuild=ask_for_rebuild,
        now_ms=world.clock,
    )


@dataclass
class Scene:
    """Ann, whom Bob watches; they have a group together."""

    chat: Chat = field(default_factory=Chat)
    queue: MemoryLookQueue = field(default_factory=MemoryLookQueue)
    through: Callable[[Any], Any] = unhindered
    rebuilds: int = 0
    """How often a rebuilding of the registry was asked for."""

    def __post_init__(self) -> None:
        self.world, self.changes = self.chat.world, self.chat.changes.changes
        self.sockets = self.world.sockets
        self.ann, self.bob = self.chat.person("ann"), self.chat.person("bob")
        self.group = self.chat.group(self.ann, self.bob)
        self.screen = self.connect(self.bob, "screen")
        self.watcher = Watcher(user_id=self.bob, connection_id=self.screen.connection_id)
        self.watch(self.screen, self.ann)
        self.changes.clear()

    def watching(self, through: Callable[[Any], Any] = unhindered) -> Watch:
        return Watch(
            acquaintances=self.world.acquaintances,
            watchers=through(self.world.watchers),
            now=self.world.presence_now,
        )

    def watch(self, screen: Connection, *others: UserId, through: Callable[[Any], Any] = unhindered) -> str:
        """The state that is answered of the first, at once: one that is under way may be overtaken by what is told."""
        return self.watching(through)(screen, others)[0].state

    def connect(self, user: UserId, name: str) -> Connection:
        connection = replace(a_connection(user, name), device_id=DeviceId(name))
        self.sockets.register(connection)
        self.say(connection, "online", change="opened")
        return connection

    def leave(self, connection: Connection) -> None:
        Disconnect(connections=self.sockets, traces=self.world.traces, log=self.chat.changes, now_ms=self.world.clock)(
            connection
        )

    def say(self, connection: Connection, state: DeviceState, *, change: Any = "status") -> None:
        at = self.world.clock()
        self.world.traces.say(connection.user_id, connection.device_id, state, at=at)
        self.changes.append(ConnectionChange(connection=connection, change=change, at=at, state=state))

    def settle(self) -> None:
        """The consumer gets to what has happened."""
        changes = list(self.changes)
        self.changes.clear()
        self._settling().changed(changes)

    def look(self, look: Look | None = None) -> None:
        """At Ann, when the queue hands her out."""
        self._settling().look(look or Look(user_id=self.ann))

    def _settling(self) -> SettlePresence:
        return settling(self.world, self.queue, self.through, self._ask_for_rebuild)

    def _ask_for_rebuild(self) -> None:
        self.rebuilds += 1

    def hand_out(self) -> None:
        """What the queue has."""
        waiting = [look for look, _ in self.queue.waiting]
        self.queue.waiting.clear()
        for look in waiting:
            self.look(look)

    def told(self, screen: Connection | None = None) -> list[Mapping[str, Any]]:
        """Bob's screen, unless another is given."""
        name = (screen or self.screen).connection_id
        frames = [json.loads(frame) for to, frame in self.sockets.frames if to == name]
        return [item for frame in frames for item in frame["users"]]

    def states(self) -> list[str]:
        return [item["state"] for item in self.told()]
