"""Make what PostgreSQL has decided of a conversation so everywhere else."""

from dataclasses import dataclass

from natter.domain.ids import ConversationId
from natter.ports.conversations import Admission, Conversations
from natter.ports.messages import CommandLog


@dataclass(frozen=True, kw_only=True)
class Announce:
    """
    First nobody is admitted any more who does not belong to it (P8), then the log is told.

    An outbox row is marked last: what was interrupted in between is done again by whoever asks again, or by `relay`.
    Where nothing is left to tell, nothing is told.

    Raises:
        Unavailable: it may not have come true everywhere; announcing it again is safe.
    """

    conversations: Conversations
    admission: Admission
    log: CommandLog

    def __call__(self, conversation: ConversationId) -> None:
        self.admission.replace(conversation)
        self.conversations.publish(conversation, self.log.append)

    def complete(self, conversation: ConversationId) -> None:
        """
        Make the log know of everybody who is admitted, before something of theirs gets there.

        The other way round: it is the log that may be behind. Whoever is telling it just now is waited for, and what
        is admitted afterwards is admitted as told.
        """
        self.conversations.publish(conversation, self.log.append)
        self.admission.replace(conversation)
