"""What tests of conversations share: their functions made of memory, over the people of `World`."""

from typing import Any

from natter.bootstrap.chat_api import ChatService
from natter.domain.conversations.members import History
from natter.domain.conversations.records import CreateRequest
from natter.domain.ids import ConversationId, UserId, new_id
from natter.domain.messages.commands import Item
from natter.domain.messages.events import Event
from natter.domain.reading.views import ConversationView
from natter.names import PAGE_LIMIT_BYTES
from natter.ports.operations import Probe
from natter.usecases.attachments.find_message import FindMessage
from natter.usecases.attachments.link_attachment import LinkAttachment
from natter.usecases.attachments.offer_upload import OfferUpload
from natter.usecases.attachments.settle_files import SettleFiles
from natter.usecases.conversations.announce import Announce
from natter.usecases.conversations.change_conversation import Restyle
from natter.usecases.conversations.change_members import AddPeople, RemovePerson, SetRole
from natter.usecases.conversations.change_settings import ChangeSettings
from natter.usecases.conversations.create_conversation import Create
from natter.usecases.conversations.list_members import ListMembers
from natter.usecases.conversations.member_service import MemberService
from natter.usecases.delivery.tell import Tell
from natter.usecases.messages.persist import Persist
from natter.usecases.messages.send import Send
from natter.usecases.operations.check_health import CheckHealth
from natter.usecases.operations.report_event import ReportEvent
from natter.usecases.reading.read_events import ReadEvents, ReadPage
from natter.usecases.reading.read_inbox import ReadInbox
from natter.usecases.reading.sync import Sync
from natter.usecases.reading.view_conversations import ReadHeads, ViewConversation, ViewConversations
from natter.usecases.receipts.fold_receipts import FoldReceipts
from natter.usecases.receipts.note_receipt import NoteReceipt
from natter.usecases.receipts.read_cursors import ReadCursors
from natter.wire.conversations import conversation_size
from natter.wire.events import event_size
from natter.wire.json_frames import JsonFrames
from tests.decisions import Decisions
from tests.deliveries import a_deliver
from tests.identity import World
from tests.memory.admission import MemoryAdmission
from tests.memory.attachments import MemoryAttachments, MemoryFileQueue
from tests.memory.connections import MemoryConnections
from tests.memory.gate import MemoryGate
from tests.memory.gateway import MemoryGateway
from tests.memory.head_cache import MemoryHeadCache
from tests.memory.logs import MemoryCommandLog, MemoryConnectionLog, MemoryEventLog, MemoryReceiptLog
from tests.memory.tables import MemoryTables
from tests.messages import a_command

LARGE = "x" * (PAGE_LIMIT_BYTES // 3)
"""Of messages that say this, two fit into a page."""


class Chat:
    """
    Conversations made of memory. What is appended to the log happens when `fold` is called, as it would when
    the consumer gets to it.
    """

    def __init__(self) -> None:
        self.world = World(per_address=False)
        self.conversations = Decisions(self.world.users, self.world.blocks)
        self.world.erasures.conversations = self.world.exports.members = self.conversations
        self.world.acquaintances.conversations = self.conversations
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
        self.view_one = ViewConversation(conversations=self.conversations, view=self.view)
        self.read_inbox = ReadInbox(conversations=self.conversations, view=self.view, size=conversation_size)
        self.read_events = ReadEvents(view=self.view_one, pages=self.pages)
        self.sync = Sync(
            conversations=self.conversations,
            view=self.view,
            pages=self.pages,
            size=event_size,
            now_ms=self.world.clock,
        )
        self.attachments, self.files = MemoryAttachments(), MemoryFileQueue()
        self.gate = MemoryGate(self.admission, self.world.limits)
        self.send = Send(gate=self.gate, attachments=self.attachments, log=self.log)
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
        self.settle_files = SettleFiles(
            timeline=self.tables,
            store=self.tables,
            find=FindMessage(timeline=self.tables),
            attachments=self.attachments,
            now_ms=self.world.clock,
        )
        self.receipt_log = MemoryReceiptLog(self.world.clock)
        self.note_receipt = NoteReceipt(
            admission=self.admission,
            heads=self.heads,
            timeline=self.tables,
            limits=self.world.limits,
            log=self.receipt_log,
        )
        self.read_cursors = ReadCursors(
            admission=self.admission,
            heads=ReadHeads(cache=self.heads, timeline=self.tables),
            timeline=self.tables,
        )
        self.tell = Tell(connections=self.registry, gateway=self.gateway, now_ms=self.world.clock)
        self.fold_receipts = FoldReceipts(
            timeline=self.tables,
            store=self.tables,
            admission=self.admission,
            frames=JsonFrames(),
            tell=self.tell,
        )
        self.reports = self.world.reports
        self.report_event = ReportEvent(
            view=self.view_one, timeline=self.tables, reports=self.reports, now_ms=self.world.clock
        )
        self.announce = Announce(conversations=self.conversations, admission=self.admission, log=self.log)
        self.members = self.member_service(self.announce)
        self._folded = 0

    def service(self, *probes: Probe) -> ChatService:
        return ChatService(
            authenticate=self.world.service.authenticate,
            limits=self.world.limits,
            create=self.create,
            read_inbox=self.read_inbox,
            view_conversation=self.view_one,
            read_events=self.read_events,
            sync=self.sync,
            members=self.members,
            note_receipt=self.note_receipt,
            read_cursors=self.read_cursors,
            offer_upload=OfferUpload(admission=self.admission, attachments=self.attachments, new_id=new_id),
            link_attachment=LinkAttachment(
                view=self.view_one, find=FindMessage(timeline=self.tables), attachments=self.attachments
            ),
            report_event=self.report_event,
            check_health=CheckHealth(probes=probes),
        )

    def member_service(self, announce: Announce) -> MemberService:
        """What changes conversations, announced as `announce` does."""
        changes: Any = {
            "conversations": self.conversations,
            "announce": announce,
            "new_id": new_id,
            "now_ms": self.world.clock,
        }
        return MemberService(
            list=ListMembers(conversations=self.conversations, admission=self.admission),
            add=AddPeople(**changes),
            set_role=SetRole(**changes),
            remove=RemovePerson(**changes),
            restyle=Restyle(**changes),
            change_settings=ChangeSettings(conversations=self.conversations, tell=self.tell, frames=JsonFrames()),
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
