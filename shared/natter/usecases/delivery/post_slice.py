"""Show some connections the events of a slice."""

from dataclasses import dataclass

from natter.domain.budgets import SLICE_S
from natter.domain.delivery import Post, Slice, contiguous
from natter.ports.delivery import Gateway
from natter.ports.frames import Frames
from natter.ports.reading import Timeline
from natter.usecases.delivery.settle_posts import Posting, Settled, SettlePosts


@dataclass(frozen=True, kw_only=True)
class PostSlice:
    """
    Post what stands at the slice's places now: what was deleted meanwhile is not shown any more (P5). Who has waited
    for it too long is not shown it any more either, but made to sync.

    Raises:
        Unavailable: the store did not answer, or connections cannot be closed. Posting it again is safe: clients know
            what they have.
    """

    timeline: Timeline
    gateway: Gateway
    frames: Frames
    settle: SettlePosts
    budget_s: float = SLICE_S

    def __call__(self, slice_: Slice) -> Settled:
        if self.settle.is_over(slice_):
            return Settled(untried=len(slice_.connections), closed=self.settle.close(slice_.connections))
        found = self.timeline.events_at([(slice_.conversation_id, seq) for seq in slice_.seqs])
        events = sorted(found.values(), key=lambda event: event.seq)
        postings = [
            Posting(
                post=Post(connection=connection, frame=each.frame),
                conversation_id=slice_.conversation_id,
                seqs=each.seqs,
            )
            for run in contiguous(events)
            for each in self.frames.events(slice_.conversation_id, run)
            for connection in slice_.connections
        ]
        results = self.gateway.post([posting.post for posting in postings], budget_s=self.budget_s)
        return self.settle(postings, results, of=slice_)
