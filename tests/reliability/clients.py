"""The clients of a run: they connect, sync, send, are cut off, and come back."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from greenlet import greenlet

from natter.domain.connections import Connection
from natter.domain.errors import Unavailable
from natter.domain.ids import ConnectionId, DeviceId, SessionId, UserId
from natter.domain.messages.commands import Command
from natter.ports.delivery import Connections
from natter.usecases.reading.view_conversations import ViewConversations
from natter.usecases.signals.ping import Ping
from tests.memory.logs import MemoryConnectionLog
from tests.memory.presence import MemoryPresenceTraces
from tests.reliability.decisions import SteppedDecisions
from tests.reliability.load import CONVERSATIONS, USERS
from tests.reliability.trace import Synced, Trace

LONGEST_UPGRADE = 20


@dataclass(kw_only=True)
class Clients:
    """
    One client for each user. First it is registered, then the upgrade completes, then it syncs; once connected it
    pings, and syncs again when it hears that it was not registered any more.
    """

    connections: Connections
    decisions: SteppedDecisions
    view: ViewConversations
    scheduler: greenlet
    random: Random
    trace: Trace
    now_ms: Callable[[], int]
    busy: list[greenlet] = field(default_factory=list)
    """Clients that are about to connect, or ping."""
    online: dict[UserId, Connection] = field(default_factory=dict)
    """Those that have synced."""
    _upgraded: set[ConnectionId] = field(default_factory=set)
    _pinging: set[ConnectionId] = field(default_factory=set)
    _sure: set[ConnectionId] = field(default_factory=set)
    """Those that have registered since the registry lost its data."""
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
        return replace(command, origin=connection)

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

    def lose_all(self) -> None:
        """No connection lasts longer than two hours."""
        for connection in list(self.online.values()):
            self.lose(connection)

    def ping_one(self) -> None:
        waiting = [each for each in self.online.values() if each.connection_id not in self._pinging]
        unsure = [each for each in waiting if each.connection_id not in self._sure]
        if waiting:
            connection = self.random.choice(unsure or waiting)
            self._pinging.add(connection.connection_id)
            self.busy.append(greenlet(lambda: self._pinged(connection), self.scheduler))

    def forgotten(self) -> None:
        """The registry has lost its data."""
        self._sure.clear()

    def is_quiet(self) -> bool:
        return not self.busy and all(each.connection_id in self._sure for each in self.online.values())

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
        self._registered(connection)
        for _ in range(self.random.randint(1, LONGEST_UPGRADE)):
            self._step()
        self._upgraded.add(connection.connection_id)
        self._step()
        self._synced(connection)
        if self.is_open(connection):
            self.online[connection.user_id] = connection

    def _pinged(self, connection: Connection) -> None:
        if self._registered(connection):
            self._synced(connection)
        self._pinging.remove(connection.connection_id)

    def _registered(self, connection: Connection) -> bool:
        """Tries until it is; True if it was not before. Its session lives, and its user has no other connections."""
        untouched: Any = lambda *_, **__: None  # noqa: E731 - stands for two callables
        ping = Ping(
            connections=self.connections,
            check_session=untouched,
            close=untouched,
            traces=MemoryPresenceTraces(),
            log=MemoryConnectionLog(),
            now_ms=self.now_ms,
        )
        while True:
            try:
                pong = ping(connection)
            except Unavailable:
                continue
            self._sure.add(connection.connection_id)
            return pong.sync

    def _synced(self, connection: Connection) -> None:
        """Tries until the places and the views are there, read in the order in which sync reads them."""
        user = connection.user_id
        while True:
            asked_at = len(self.trace)
            try:
                records = self.decisions.of_user(user)
                heads = self.view.heads(CONVERSATIONS)
                views = self.view.at(heads, user, records)
            except Unavailable:
                continue
            places = {each: head.seq for each, head in heads.items()}
            self.trace.append(Synced(connection, places, views, asked_at))
            return

    def _step(self) -> None:
        self.scheduler.switch()
