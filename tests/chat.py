"""What tests of conversations share: their functions made of memory, over the people of `World`."""

from dataclasses import dataclass, replace
from typing import Any

from natter.domain.conversations.members import History
from natter.domain.conversations.records import CreateRequest
from natter.domain.ids import ConversationId, UserId, new_id
from natter.domain.messages.commands import Item
from natter.domain.messages.events import Event
from natter.domain.reading.views import ConversationView
from natter.names import PAGE_LIMIT_BYTES
from natter.ports.conversations import Admission
from natter.usecases.attachments.find_message import FindMessage
from natter.usecases.attachments.link_attachment import LinkAttachment
from natter.usecases.attachments.offer_upload import OfferUpload
from natter.usecases.attachments.settle_files import SettleFiles
from natter.usecases.conversations.announce import Announce
from natter.usecases.conversations.change_conversation import ChangeConversation
from natter.usecases.conversations.change_members import AddMembers, ChangeRole, RemoveMember
from natter.usecases.conversations.change_settings import ChangeSettings
from natter.usecases.conversations.create_conversation import Create
from natter.usecases.conversations.list_members import ListMembers
from natter.usecases.messages.leave_backlog import LeaveBacklog
from natter.usecases.messages.persist import Persist
from natter.usecases.messages.send import Send
from natter.usecases.operations.report_event import ReportEvent
from natter.usecases.reading.read_events import ReadEvents
from natter.usecases.reading.read_inbox import ReadInbox
from natter.usecases.reading.sync import Sync
from natter.usecases.receipts.fold_receipts import FoldReceipts
from natter.usecases.receipts.read_cursors import ReadCursors
from natter.wire.conversations import conversation_size
from natter.wire.events import event_size
from natter.wire.json_frames import JsonFrames
from tests.decisions import Decisions
from tests.deliveries import a_deliver
from tests.identity import World
from tests.memory.admission import MemoryAdmission
from tests.memory.attachments import MemoryAttachments, MemoryFileQueue
from tests.memory.backlogs import MemoryBacklogs, MemoryLogEnds
from tests.memory.connections import MemoryConnections
from tests.memory.gate import MemoryGate
from tests.memory.gateway import MemoryGateway
from tests.memory.head_cache import MemoryHeadCache
from tests.memory.logs import MemoryCommandLog, MemoryConnectionLog, MemoryEventLog, MemoryReceiptLog
from tests.memory.rate_limits import MemoryRateLimits
from tests.memory.tables import MemoryTables
from tests.messages import a_command
from tests.support.memory_engines import MemoryEngines

LARGE = "x" * (PAGE_LIMIT_BYTES // 3)
"""Of messages that say this, two fit into a page."""


@dataclass(frozen=True, kw_only=True)
class Members:
    """All that is asked of a conversation that is there, but for what is said in it."""

    list: ListMembers
    add: AddMembers
    set_role: ChangeRole
    remove: RemoveMember
    change_conversation: ChangeConversation
    change_settings: ChangeSettings


class Chat:
    """
    Conversations made of memory. What is appended to the log happens when `fold` is called, as it would when
    the consumer gets to it.
    """

    def __init__(self) -> None:
        self.world = World(per_address=False)
        self.conversations = Decisions(self.world.users, self.world.blocks, self.world.contacts)
        self.world.erasures.conversations = self.world.exports.members = self.conversations
        self.world.acquaintances.conversations = self.conversations
        self.admission = MemoryAdmission(self.conversations)
        self.tables, self.heads = MemoryTables(), MemoryHeadCache()
        self.log = MemoryCommandLog(self.world.clock)
        self.backlogs = MemoryBacklogs(self.world.clock)
        self.registry, self.gateway, self.changes = MemoryConnections(), MemoryGateway(), MemoryConnectionLog()
        self.events = MemoryEventLog()
        self.attachments, self.files = MemoryAttachments(), MemoryFileQueue()
        self.receipt_log = MemoryReceiptLog(self.world.clock)
        self.reports = self.world.reports
        self.engines = self._engines()
        self.view, self.view_one = self.engines.view_conversations, self.engines.view_conversation
        self.announce, self.note_receipt, self.tell = (
            self.engines.announce,
            self.engines.note_receipt,
            self.engines.tell,
        )
        self._reading()
        self._sending()
        self.members = self.members_announced(self.announce)
        self._folded = 0

    def _engines(self) -> MemoryEngines:
        engines = MemoryEngines()
        engines.now_ms, engines.authenticate = self.world.clock, self.world.authenticate
        engines.rate_limits = self.world.limits
        engines.conversations, engines.admission = self.conversations, self.admission
        engines.commands, engines.receipt_log = self.log, self.receipt_log
        engines.timeline = engines.event_store = self.tables
        engines.head_cache = self.heads
        engines.connections, engines.gateway = self.registry, self.gateway
        engines.blocks = self.world.blocks
        engines.attachments, engines.reports = self.attachments, self.reports
        engines.probes = ()
        return engines

    def _reading(self) -> None:
        pages = self.engines.read_page
        self.create = Create(
            conversations=self.conversations,
            limits=self.world.limits,
            log=self.log,
            view=self.view,
            new_id=new_id,
            now_ms=self.world.clock,
        )
        self.read_inbox = ReadInbox(conversations=self.conversations, view=self.view, size=conversation_size)
        self.read_events = ReadEvents(view=self.view_one, pages=pages)
        self.sync = Sync(
            conversations=self.conversations,
            view=self.view,
            pages=pages,
            size=event_size,
            now_ms=self.world.clock,
        )
        self.read_cursors = ReadCursors(
            admission=self.admission,
            blocks=self.world.blocks,
            heads=self.engines.read_heads,
            timeline=self.tables,
        )
        self.report_event = ReportEvent(
            limits=self.world.limits,
            view=self.view_one,
            timeline=self.tables,
            reports=self.reports,
            now_ms=self.world.clock,
        )
        self.link_attachment = LinkAttachment(
            view=self.view_one, find=FindMessage(timeline=self.tables), attachments=self.attachments
        )

    def _sending(self) -> None:
        self.offer_upload = OfferUpload(admission=self.admission, attachments=self.attachments, new_id=new_id)
        self.gate = self.gate_of(self.admission)
        self.send = Send(
            gate=self.gate,
            attachments=self.attachments,
            log=self.log,
            backlogs=self.backlogs,
            announce=self.announce,
            timeline=self.tables,
            now_ms=self.world.clock,
        )
        self.persist = Persist(
            timeline=self.tables,
            store=self.tables,
            heads=self.heads,
            files=self.files,
            deliver=a_deliver(self.registry, self.gateway, self.world.clock),
            frames=JsonFrames(),
            events=self.events,
            now_ms=self.world.clock,
        )
        self.leave_backlog = LeaveBacklog(
            ends=MemoryLogEnds(lambda partition: len(self.log.records(partition))),
            backlogs=self.backlogs,
            now_ms=self.world.clock,
        )
        self.settle_files = SettleFiles(
            timeline=self.tables,
            store=self.tables,
            find=FindMessage(timeline=self.tables),
            attachments=self.attachments,
            now_ms=self.world.clock,
        )
        self.fold_receipts = FoldReceipts(
            timeline=self.tables,
            store=self.tables,
            admission=self.admission,
            blocks=self.world.blocks,
            frames=JsonFrames(),
            tell=self.tell,
            now_ms=self.world.clock,
        )

    def gate_of(self, admission: Admission) -> MemoryGate:
        return MemoryGate(
            admission,
            self.world.limits,
            self.registry,
            self.world.check_session,
            backlogs=self.backlogs,
            partition_of=self.log.partition_of,
        )

    def members_announced(self, announce: Announce) -> Members:
        """What changes conversations, announced as `announce` does."""
        changes: Any = {
            "conversations": self.conversations,
            "announce": announce,
            "new_id": new_id,
            "now_ms": self.world.clock,
        }
        return Members(
            list=ListMembers(conversations=self.conversations, admission=self.admission),
            add=AddMembers(**changes),
            set_role=ChangeRole(**changes),
            remove=RemoveMember(**changes),
            change_conversation=ChangeConversation(**changes),
            change_settings=ChangeSettings(conversations=self.conversations, tell=self.tell, frames=JsonFrames()),
        )

    def person(self, name: str) -> UserId:
        return self.world.add(name).user_id

    def group(self, creator: UserId, *others: UserId, history: History = "joined", **fields: Any) -> ConversationId:
        """A new group, folded; unlike `create`, without a limit."""
        request = CreateRequest(creator=creator, kind="group", members=others, title="Lobby", history=history, **fields)
        view, _ = replace(self.create, limits=MemoryRateLimits(self.world.clock))(request)
        self.fold()
        return view.record.conversation_id

    def say(self, conversation: ConversationId, sender: UserId, *items: Item) -> None:
        """Append to the log, a record for each, and fold; unlike `send`, without a limit."""
        for item in items:
            self.log.append(a_command(item, sender=sender, conversation=conversation))
        self.fold()

    def join(self, conversation: ConversationId, user: UserId) -> None:
        self.conversations.decide(conversation, user, "member", at=self.world.clock())
        self._publish(conversation)

    def leave(self, conversation: ConversationId, user: UserId) -> None:
        self.conversations.decide(conversation, user, None, at=self.world.clock())
        self._publish(conversation)

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

    def settle(self) -> None:
        """Whoever settles files catches up with the queue."""
        while self.files.unsettled:
            self.settle_files(self.files.unsettled.pop(0))

    def _publish(self, conversation: ConversationId) -> None:
        self.conversations.publish(conversation, self.log.append)
        self.fold()


def places(events: tuple[Event, ...]) -> list[int]:
    return [event.seq for event in events]
