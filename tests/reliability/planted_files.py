"""Bugs planted into who shows a file, and into who keeps it."""

from collections.abc import Mapping
from dataclasses import replace

from natter.domain.attachments import UnsettledFiles
from natter.domain.errors import Unavailable
from natter.domain.ids import AttachmentId, ConversationId, UserId
from natter.domain.messages.commands import Command, EditMessage
from natter.usecases.attachments.find_message import FindMessage, Found
from natter.usecases.attachments.settle_files import SettleFiles
from natter.usecases.messages.send import attachments_of
from tests.memory.attachments import MemoryAttachments
from tests.reliability.files import SteppedAttachments


class RetriesShow(SteppedAttachments):
    """What was discarded is kept again by who sends it once more, before the fold has said anything to it."""

    def send(self, command: Command) -> bool:
        again = [file for file in attachments_of(command) if (command.conversation_id, file) in self.sent]
        is_sent = super().send(command)
        MemoryAttachments.keep(self, command.conversation_id, command.sender_id, again)
        return is_sent


class EditsShow(SteppedAttachments):
    """What an edit shows is kept before the fold has said whether it is accepted."""

    def send(self, command: Command) -> bool:
        is_sent = super().send(command)
        if isinstance(command.items[0], EditMessage):
            MemoryAttachments.keep(self, command.conversation_id, command.sender_id, attachments_of(command))
        return is_sent


class NamedOnce(FindMessage):
    """Who has ever shown a file shows it for ever, whatever has become of the message."""

    def __call__(self, conversation: ConversationId, attachment: AttachmentId, *, first: int, head_seq: int) -> Found:
        seqs = self.timeline.places_of_file(conversation, attachment, first, head_seq, limit=1)
        events = self.timeline.events_at([(conversation, seq) for seq in seqs])
        return Found(message=next(iter(events.values()), None), stale=(), is_all=True)


class NeverTwice(SettleFiles):
    """Does not look again when something was done."""

    def __call__(self, files: UnsettledFiles) -> None:
        shown = self._shown(files)
        conversation, uploader = files.conversation_id, files.uploader
        self.attachments.keep(conversation, uploader, [file for file, is_shown in shown.items() if is_shown])
        self.attachments.discard(conversation, uploader, [file for file, is_shown in shown.items() if not is_shown])


class NeverWaits(SettleFiles):
    """Takes what the fold has not come to for what it has refused."""

    def _shown(self, files: UnsettledFiles) -> Mapping[AttachmentId, bool]:
        try:
            return super()._shown(replace(files, position=(0, 0)))
        except Unavailable:
            return dict.fromkeys(files.attachments, False)


class KeepsTheErased(SettleFiles):
    """Whose words are not emptied yet shows what they show."""

    def _shown(self, files: UnsettledFiles) -> Mapping[AttachmentId, bool]:
        return super()._shown(replace(files, uploader=UserId("nobody")))
