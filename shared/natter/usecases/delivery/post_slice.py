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
    Post what stands at the slice's places now: what was deleted meanwhile is not shown any more (P5).

    Raises:
        Unavailable: the store or the registry did not answer. Posting it again is safe: clients know what they have.
    """

    timeline: Timeline
    gateway: Gateway
    frames: Frames
    settle: SettlePosts
    budget_s: float = SLICE_S

    def __call__(self, slice_: Slice) -> Settled:
        found = self.timeline.events_at([(slice_.conversation_id, seq) for seq in slice_.seqs])
        events = sorted(found.values(), key=lambda event: event.seq)
        postings = [
            Posting(
                post=Post(connection=connection, frame=frame),
                conversation_id=slice_.conversation_id,
                seqs=tuple(event.seq for event in run),
            )
            for run in contiguous(events)
            for frame in self.frames.events(slice_.conversation_id, run)
            for connection in slice_.connections
        ]
        results = self.gateway.post([posting.post for posting in postings], budget_s=self.budget_s)
        return self.settle(postings, results, attempt=slice_.attempt)
