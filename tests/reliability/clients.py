"""The clients of a run: they connect, sync, send, are cut off, and come back."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from greenlet import greenlet

from natter.domain.commands import Command, Origin
from natter.domain.errors import Unavailable
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId
from natter.ports.sockets import Connection, Connections
from natter.ports.tables import HeadCache, Timeline
from tests.reliability.load import CONVERSATIONS, USERS
from tests.reliability.trace import Synced, Trace

LONGEST_UPGRADE = 20


@dataclass(kw_only=True)
class Clients:
    """One client for each user. First it is registered, then the upgrade completes, then it syncs."""

    connections: Connections
    heads: HeadCache
    timeline: Timeline
    scheduler: greenlet
    random: Random
    trace: Trace
    now_ms: Callable[[], int]
    busy: list[greenlet] = field(default_factory=list)
    """Clients that are about to connect."""
    online: dict[UserId, Connection] = field(default_factory=dict)
    """Those that have synced."""
    _upgraded: set[ConnectionId] = field(default_factory=set)
    _made: int = 0

    def connect_all(self) -> None:
        for user in USERS:
            self._connect(user)

    def advance(self, client: greenlet) -> None:
        client.switch()
        if client.dead:
            self.busy.remove(client)

    def sent(self, command: Command) -> Command:
        """The command as its sender's connection sends it; a client that is not online has it sent by another way."""
        connection = None if command.decided else self.online.get(command.sender_id)
        if connection is None:
            return replace(command, origin=None)
        origin = Origin(
            device_id=connection.device_id,
            session_id=connection.session_id,
            connection_id=connection.connection_id,
            connected_at=connection.connected_at,
            endpoint=connection.endpoint,
        )
        return replace(command, origin=origin)

    def is_open(self, connection: Connection) -> bool:
        return connection.connection_id in self._upgraded

    def lose(self, connection: Connection) -> None:
        """The connection is closed, or breaks without a word. Its client comes back."""
        if not self.is_open(connection):
            return
        self._upgraded.remove(connection.connection_id)
        self.online.pop(connection.user_id, None)
        self._connect(connection.user_id)

    def lose_one(self) -> None:
        if self.online:
            self.lose(self.random.choice(list(self.online.values())))

    def _connect(self, user: UserId) -> None:
        self._made += 1
        connection = Connection(
            user_id=user,
            device_id=DeviceId(f"{user}-device"),
            session_id=SessionId(f"{user}-session"),
            connection_id=ConnectionId(f"{user}-{self._made}"),
            endpoint="https://gateway.example",
            connected_at=self.now_ms(),
        )
        self.busy.append(greenlet(lambda: self._connected(connection), self.scheduler))

    def _connected(self, connection: Connection) -> None:
        while not self._is_registered(connection):
            pass
        for _ in range(self.random.randint(1, LONGEST_UPGRADE)):
            self._step()
        self._upgraded.add(connection.connection_id)
        self._step()
        while not self._is_synced(connection):
            pass
        if self.is_open(connection):
            self.online[connection.user_id] = connection

    def _is_registered(self, connection: Connection) -> bool:
        try:
            self.connections.register(connection)
        except Unavailable:
            return False
        return True

    def _is_synced(self, connection: Connection) -> bool:
        """Reads heads as sync does: from the cache, and what is not there from the tables."""
        heads = self.heads.get(CONVERSATIONS)
        try:
            heads = {**self.timeline.heads([each for each in CONVERSATIONS if each not in heads]), **heads}
        except Unavailable:
            return False
        self.trace.append(Synced(connection, {each: head.seq for each, head in heads.items()}))
        return True

    def _step(self) -> None:
        self.scheduler.switch()
