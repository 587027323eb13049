"""What tests of conversations share: their functions made of memory, over the people of `World`."""

from typing import Any

from natter.adapters.admission_memory import MemoryAdmission
from natter.adapters.connections_memory import MemoryConnections
from natter.adapters.conversations_memory import MemoryConversations
from natter.adapters.gateway_memory import MemoryGateway
from natter.adapters.head_cache_memory import MemoryHeadCache
from natter.adapters.logs_memory import MemoryCommandLog, MemoryConnectionLog, MemoryEventLog
from natter.adapters.tables_memory import MemoryTables
from natter.bootstrap.chat_api import ChatService
from natter.domain.commands import Item
from natter.domain.conversations import Event, History
from natter.domain.ids import ConversationId, UserId, new_id
from natter.names import PAGE_LIMIT_BYTES
from natter.ports.health import Probe
from natter.usecases.check_health import CheckHealth
from natter.usecases.create_conversation import Create, CreateRequest
from natter.usecases.deliver import Deliver
from natter.usecases.persist import Persist
from natter.usecases.read_events import ReadEvents, ReadPage
from natter.usecases.send import Send
from natter.usecases.sync import Sync
from natter.usecases.view_conversations import ConversationView, ReadHeads, ViewConversations
from natter.wire.events import event_size
from natter.wire.frames import JsonFrames
from tests.identity import World
from tests.messages import a_command, added, removed

LARGE = "x" * (PAGE_LIMIT_BYTES // 3)
"""Of messages that say this, two fit into a page."""


class Chat:
    """
    Conversations made of memory. What is appended to the log happens when `fold` is called, as it would when
    the consumer gets to it.
    """

    def __init__(self) -> None:
        self.world = World()
        self.conversations = MemoryConversations(self.world.users)
        self.admission = MemoryAdmission(self.conversations)
        self.tables, self.heads = MemoryTables(), MemoryHeadCache()
        self.log = MemoryCommandLog(self.world.clock)
        self.registry, self.gateway, self.changes = MemoryConnections(), MemoryGateway(), MemoryConnectionLog()
        self.events = MemoryEventLog()
        self.view = ViewConversations(heads=ReadHeads(cache=self.heads, timeline=self.tables), timeline=self.tables)
        self.pages = ReadPage(timeline=self.tables, size=event_size)
        self.create = Create(
            conversations=self.conversations, log=self.log, view=self.view, new_id=new_id, now_ms=self.world.clock
        )
        self.read_events = ReadEvents(conversations=self.conversations, view=self.view, pages=self.pages)
        self.sync = Sync(
            conversations=self.conversations,
            view=self.view,
            pages=self.pages,
            size=event_size,
            now_ms=self.world.clock,
        )
        self.send = Send(admission=self.admission, limits=self.world.limits, log=self.log)
        self.persist = Persist(
            store=self.tables,
            heads=self.heads,
            deliver=Deliver(
                connections=self.registry, gateway=self.gateway, frames=JsonFrames(), now_ms=self.world.clock
            ),
            frames=JsonFrames(),
            events=self.events,
            now_ms=self.world.clock,
        )
        self._folded = 0

    def service(self, *probes: Probe) -> ChatService:
        return ChatService(
            authenticate=self.world.service.authenticate,
            limits=self.world.limits,
            create=self.create,
            read_events=self.read_events,
            sync=self.sync,
            check_health=CheckHealth(probes=probes),
        )

    def person(self, name: str) -> UserId:
        return self.world.add(name).user_id

    def group(self, creator: UserId, *others: UserId, history: History = "joined", **fields: Any) -> ConversationId:
        """A new group, folded."""
        request = CreateRequest(creator=creator, kind="group", members=others, title="Lobby", history=history, **fields)
        view, _ = self.create(request)
        self.fold()
        return view.record.conversation_id

    def say(self, conversation: ConversationId, sender: UserId, *items: Item) -> None:
        """Append to the log, a record for each, and fold; unlike `send`, without a limit."""
        for item in items:
            self.log.append(a_command(item, sender=sender, conversation=conversation))
        self.fold()

    def join(self, conversation: ConversationId, user: UserId) -> None:
        self.conversations.decide(conversation, user, "member")
        self._tell(conversation, added(user, client_id=new_id()))

    def leave(self, conversation: ConversationId, user: UserId) -> None:
        self.conversations.decide(conversation, user, None)
        self._tell(conversation, removed(user, client_id=new_id()))

    def seen(self, user: UserId, conversation: ConversationId) -> ConversationView:
        record = self.conversations.seen_by(user, conversation)
        assert record is not None
        (view,) = self.view(user, [record])
        return view

    def fold(self) -> None:
        """The consumer catches up with the log."""
        records = self.log.records(since=self._folded)
        self._folded += len(records)
        if records:
            self.persist(records)

    def _tell(self, conversation: ConversationId, decided: Any) -> None:
        self.log.append(a_command(*decided.items, conversation=conversation, decided=True))
        self.fold()


def places(events: tuple[Event, ...]) -> list[int]:
    return [event.seq for event in events]
