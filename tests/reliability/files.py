"""Files of a run: sent before what shows them is in the log, settled by several at a time, downloaded by anybody."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random

from greenlet import GreenletExit, greenlet

from natter.domain.attachments import Download, UnsettledFiles
from natter.domain.errors import NotFound, NotMember, Unavailable
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.commands import Command
from natter.domain.reading.views import ConversationView
from natter.ports.reading import Timeline
from natter.usecases.attachments.find_message import FindMessage
from natter.usecases.attachments.link_attachment import LinkAttachment
from natter.usecases.attachments.settle_files import SettleFiles
from natter.usecases.messages.send import attachments_of
from natter.usecases.reading.view_conversations import ViewConversations
from tests.files import a_file
from tests.memory.attachments import MemoryAttachments
from tests.reliability.couriers import Errand, SteppedFileQueue
from tests.reliability.decisions import SteppedDecisions
from tests.reliability.load import CONVERSATIONS, USERS
from tests.reliability.ports import Pause
from tests.reliability.trace import Downloaded, Trace

KILL = 0.01
TWICE = 0.2
STALL = 0.05
LONGEST_STALL = 150
"""Turns of others in which a copy within S3, or a frozen invocation, goes no further."""
SETTLE = 0.1
DOWNLOAD = 0.03
ERASE = 0.02
MOST_AT_ONCE = 3


class SteppedAttachments(MemoryAttachments):
    def __init__(self, pause: Pause) -> None:
        super().__init__()
        self.sent: dict[tuple[ConversationId, AttachmentId], UserId] = {}
        """By whom."""
        self._pause = pause

    def send(self, command: Command) -> bool:
        """As `send` does before it appends; False: something is not there any more, so it does not."""
        files = attachments_of(command)
        for file in files:
            place = command.conversation_id, file
            if place not in self.sent:
                self.sent[place] = command.sender_id
                form = self.offer(command.conversation_id, command.sender_id, file, a_file(b""))
                assert self.upload(form, b"")
        return not self.hold(command.conversation_id, command.sender_id, files)

    def kept(self) -> Collection[tuple[ConversationId, AttachmentId]]:
        """What is there after days."""
        return {(conversation, attachment) for conversation, _, attachment in self._kept}

    def keep(
        self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]
    ) -> Collection[AttachmentId]:
        missing: list[AttachmentId] = []
        for attachment in attachments:
            self._pause()
            missing += super().keep(conversation, uploader, [attachment])
        return missing

    def discard(self, conversation: ConversationId, uploader: UserId, attachments: Collection[AttachmentId]) -> None:
        for attachment in attachments:
            self._pause()
            super().discard(conversation, uploader, [attachment])

    def link(self, conversation: ConversationId, uploader: UserId, attachment: AttachmentId) -> Download | None:
        self._pause()
        return super().link(conversation, uploader, attachment)


@dataclass(kw_only=True)
class Settlers:
    """Several invocations of `settle_files`, in no order; what waits may be handed out more than once."""

    queue: SteppedFileQueue
    settle: SettleFiles
    random: Random
    busy: list[Errand] = field(default_factory=list)
    _stalled: dict[Errand, int] = field(default_factory=dict)

    def start(self) -> None:
        waiting = self.queue.unsettled
        if not waiting or len(self.busy) == MOST_AT_ONCE or self.random.random() > SETTLE:
            return
        index = self.random.randrange(len(waiting))
        files = waiting[index] if self.random.random() < TWICE else waiting.pop(index)
        self.busy.append(Errand(lambda: self.settle(files), lambda: self._give_back(files)))

    def advance(self, errand: Errand) -> None:
        if self._stalled.get(errand, 0) > 0:
            self._stalled[errand] -= 1
            return
        if self.random.random() < STALL:
            self._stalled[errand] = self.random.randint(1, LONGEST_STALL)
        errand.task.switch()
        if not errand.task.dead and self.random.random() < KILL:
            errand.task.throw(GreenletExit)
            errand.give_back()
        if errand.task.dead:
            self.busy.remove(errand)

    def is_quiet(self) -> bool:
        return not self.busy and not self.queue.unsettled

    def _give_back(self, files: UnsettledFiles) -> None:
        self.queue.unsettled.append(files)


@dataclass(kw_only=True)
class Eraser:
    """Removes the files of who is erased, once, when the fold has come to it: as `erase` does."""

    attachments: SteppedAttachments
    timeline: Timeline
    random: Random
    _done: set[tuple[ConversationId, UserId]] = field(default_factory=set)

    def is_quiet(self) -> bool:
        return not self._due()

    def erase(self) -> None:
        due = self._due() if self.random.random() < ERASE else []
        if due:
            self._done.add(due[0])
            self.attachments.erase(*due[0])

    def _due(self) -> list[tuple[ConversationId, UserId]]:
        heads = self.timeline.heads(CONVERSATIONS)
        standings = self.timeline.standings({(each, user): head.seq for each, head in heads.items() for user in USERS})
        erased = {key for key, standing in standings.items() if standing.erased}
        return sorted(erased - self._done)


@dataclass(kw_only=True)
class Downloaders:
    """Whoever asks for any file that was sent, at any time."""

    attachments: SteppedAttachments
    find: FindMessage
    decisions: SteppedDecisions
    view: ViewConversations
    random: Random
    trace: Trace
    busy: list[greenlet] = field(default_factory=list)

    def start(self) -> None:
        sent = list(self.attachments.sent)
        if sent and self.random.random() < DOWNLOAD:
            conversation, attachment = self.random.choice(sent)
            user = self.random.choice(USERS)
            self.busy.append(greenlet(lambda: self._download(user, conversation, attachment)))

    def advance(self, downloader: greenlet) -> None:
        downloader.switch()
        if downloader.dead:
            self.busy.remove(downloader)

    def is_quiet(self) -> bool:
        return not self.busy

    def _download(self, user: UserId, conversation: ConversationId, attachment: AttachmentId) -> None:
        views: list[ConversationView] = []
        link = LinkAttachment(view=self._remembering(views), find=self.find, attachments=self.attachments)
        try:
            is_there = bool(link(user, conversation, attachment))
        except NotFound:
            is_there = False
        except (NotMember, Unavailable):
            return
        self.trace.append(Downloaded(views[0], attachment, is_there))

    def _remembering(self, views: list[ConversationView]) -> Callable[[UserId, ConversationId], ConversationView]:
        """`ViewConversation`, but that what it says is put into `views`."""

        def view(user: UserId, conversation: ConversationId) -> ConversationView:
            record = self.decisions.seen_by(user, conversation)
            if record is None:
                raise NotMember
            views.extend(self.view(user, [record]))
            return views[-1]

        return view
