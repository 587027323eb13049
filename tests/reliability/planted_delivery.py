"""Planted bugs of live delivery."""

from collections.abc import Sequence

from natter.domain.delivery import PostResult, Slice, Undelivered
from natter.usecases.delivery.fanout import Fanout
from natter.usecases.delivery.settle_posts import Posting, Settled, SettlePosts
from tests.reliability.planted_stores import END


class PrunesAtOnce(SettlePosts):
    def __call__(
        self, postings: Sequence[Posting], results: Sequence[PostResult], *, of: Slice | None = None
    ) -> Settled:
        for posting, result in zip(postings, results, strict=True):
            if result is PostResult.GONE:
                self.connections.unregister(posting.post.connection)
        return super().__call__(postings, results, of=of)


class ForgetsFailures(SettlePosts):
    def __call__(
        self, postings: Sequence[Posting], results: Sequence[PostResult], *, of: Slice | None = None
    ) -> Settled:
        settled = zip(postings, results, strict=True)
        others = [(posting, result) for posting, result in settled if result is not PostResult.FAILED]
        return super().__call__([posting for posting, _ in others], [result for _, result in others], of=of)


class RepeatsWhatArrived(SettlePosts):
    """Of a conversation of which somebody has not got everything, everybody is shown everything again."""

    def __call__(
        self, postings: Sequence[Posting], results: Sequence[PostResult], *, of: Slice | None = None
    ) -> Settled:
        missed = {
            posting.conversation_id
            for posting, result in zip(postings, results, strict=True)
            if posting.seqs and result in (PostResult.FAILED, PostResult.UNTRIED)
        }
        again = [
            PostResult.FAILED if posting.seqs and posting.conversation_id in missed else result
            for posting, result in zip(postings, results, strict=True)
        ]
        return super().__call__(postings, again, of=of)


class FansOutToTodaysMembers(Fanout):
    """Shows what was left over to whoever belongs to the conversation now, not at its place."""

    def __call__(self, undelivered: Sequence[Undelivered], *, waits: bool = True) -> int:  # noqa: ARG002
        slices = []
        for each in undelivered:
            roster = self.timeline.rosters({each.conversation_id: (END, END)})[each.conversation_id]
            members = roster.as_of(END)
            connections = tuple(one for owned in self.connections.of(members).values() for one in owned)
            seqs = tuple(range(each.first, each.last + 1))
            slices.append(
                Slice(conversation_id=each.conversation_id, seqs=seqs, connections=connections, made_at=self.now_ms())
            )
        self.queue.add(slices)
        return len(slices)
