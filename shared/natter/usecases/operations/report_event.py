"""Draw the operators' attention to an event."""

from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.errors import NotFound
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import REPORTS
from natter.domain.operations import Report
from natter.ports.limits import RateLimits
from natter.ports.operations import Reports
from natter.ports.reading import Timeline
from natter.usecases.reading.view_conversations import ViewConversation


@dataclass(frozen=True, kw_only=True)
class ReportEvent:
    """
    Note that a member finds something wrong with an event that they may read. Nobody in the conversation is told.

    Raises:
        NotMember: the reporter does not belong to the conversation, or there is none (P8).
        NotFound: there is no such event, or it is from before the reporter may read.
        RateLimited: they have reported too much of late.
        Unavailable: a store did not answer in time; repeating it is safe.
    """

    view: ViewConversation
    timeline: Timeline
    reports: Reports
    limits: RateLimits
    now_ms: NowMs

    def __call__(self, reporter: UserId, conversation: ConversationId, seq: int, reason: str) -> None:
        view = self.view(reporter, conversation)
        if not view.first_seq <= seq <= view.head.seq:
            raise NotFound("seq: no such event")
        self.limits.take(REPORTS, reporter)
        (event,) = self.timeline.events(conversation, seq, seq, newest_first=False)
        self.reports.add(
            Report(
                conversation_id=conversation,
                seq=seq,
                reporter=reporter,
                sender=event.sender_id,
                reason=reason,
                at=self.now_ms(),
            )
        )
