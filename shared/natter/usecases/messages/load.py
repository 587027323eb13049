"""Bring the conversations of a batch to where they stand, knowing all that the batch refers to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from natter.domain.conversations.rosters import Roster
from natter.domain.fold.conversation import Conversation
from natter.domain.fold.known import Known, Wanted
from natter.domain.ids import ConversationId
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Head
from natter.domain.messages.states import Bounds
from natter.ports.reading import Timeline
from natter.usecases.messages.warm import Warm


@dataclass(frozen=True, kw_only=True)
class LoadConversations:
    """
    What is not warm is read, in one round trip after the heads. Two things are looked up after it, if need be: whether
    those are erased whom the batch points at and who are not there any more, and who belonged to a conversation where
    something is to be replayed that lies before its last whole roster.

    Raises:
        Unavailable: the store did not answer.
    """

    timeline: Timeline
    warm: Warm
    bounds: Bounds
    looked_up: Callable[[int, int], None] = lambda _hits, _misses: None
    """Told how many conversations were warm, and how many were not."""

    def __call__(self, batch: Sequence[Record]) -> dict[ConversationId, Conversation]:
        partitions = {record.command.conversation_id: record.partition for record in batch}
        warm = {each: self.warm.get(partition, each) for each, partition in partitions.items()}
        cold = sum(conversation is None for conversation in warm.values())
        self.looked_up(len(warm) - cold, cold)
        known = self.timeline.read(Wanted.of(batch, warm))
        touched = {each: conversation or self._as_of_head(each, known) for each, conversation in warm.items()}
        for key, outcomes in known.outcomes.items():
            touched[key.conversation_id].spent[key] = list(outcomes)
        for (conversation_id, seq), target in known.targets.items():
            touched[conversation_id].targets[seq] = target
        for mark, is_set in known.marks.items():
            touched[mark.conversation_id].marks[mark] = is_set
        self._find_erased(touched)
        self._look_back(batch, touched)
        return touched

    def _as_of_head(self, conversation_id: ConversationId, known: Known) -> Conversation:
        head = known.heads.get(conversation_id, Head(conversation_id=conversation_id))
        roster = known.rosters.get(conversation_id, Roster())
        return Conversation(
            head=head,
            members=roster.as_of(head.seq),
            past=roster,
            since_roster=roster.since,
            bounds=self.bounds,
        )

    def _find_erased(self, touched: Mapping[ConversationId, Conversation]) -> None:
        """Who is a member is not erased. Nobody keeps a list of the others: it would grow without end."""
        gone = {
            (each, target.sender_id): conversation.head.seq
            for each, conversation in touched.items()
            for target in conversation.targets.values()
            if target.sender_id not in conversation.members
        }
        for (each, user), standing in self.timeline.standings(gone).items():
            if standing.erased:
                touched[each].erased.add(user)

    def _look_back(self, batch: Sequence[Record], touched: Mapping[ConversationId, Conversation]) -> None:
        replayed: dict[ConversationId, list[int]] = {}
        for record in batch:
            each = record.command.conversation_id
            replayed.setdefault(each, []).extend(touched[each].replayed_at(record))
        before = {
            each: (min(seqs), max(seqs))
            for each, seqs in replayed.items()
            if seqs and min(seqs) < touched[each].past.seq
        }
        for each, roster in self.timeline.rosters(before).items():
            touched[each].past = roster
