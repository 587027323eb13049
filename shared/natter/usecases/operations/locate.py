"""Where a message is: for operators, who learn nothing of what it says."""

from dataclasses import dataclass, replace

from natter.domain.fold.writes import ClientIdKey, Outcome
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.messages.events import Event, Head
from natter.ports.reading import Timeline


@dataclass(frozen=True, kw_only=True, slots=True)
class Located:
    """What the stores can tell of it."""

    client_id: ClientId | None
    """None: of no frame, or not known."""
    sender_id: UserId | None
    outcomes: tuple[Outcome, ...]
    """What became of its client id, each time that it was spent, the latest last."""
    event: Event | None
    head: Head | None
    """How far the conversation is folded; what lies above it has not happened."""
    members: int = 0
    """Who belong to the conversation at its place."""
    delivered_to: int = 0
    read_by: int = 0


@dataclass(frozen=True, kw_only=True)
class Locate:
    """
    Find a message by its place, or by who has sent it under which client id.

    Raises:
        Unavailable: the store did not answer in time.
    """

    timeline: Timeline

    def at(self, conversation: ConversationId, seq: int) -> Located:
        event = self.timeline.events_at([(conversation, seq)]).get((conversation, seq))
        if event is None or event.client_id is None:
            return self._located(conversation, None, event)
        key = ClientIdKey(conversation_id=conversation, sender_id=event.sender_id, client_id=ClientId(event.client_id))
        return self._located(conversation, key, event)

    def sent(self, conversation: ConversationId, sender: UserId, client_id: ClientId) -> Located:
        key = ClientIdKey(conversation_id=conversation, sender_id=sender, client_id=client_id)
        return self._located(conversation, key, None)

    def _located(self, conversation: ConversationId, key: ClientIdKey | None, event: Event | None) -> Located:
        spent = () if key is None else self.timeline.outcomes([key])[key]
        outcomes = tuple(sorted(spent, key=lambda each: each.place))
        if event is None and outcomes and (seq := outcomes[-1].seq) is not None:
            event = self.timeline.events_at([(conversation, seq)]).get((conversation, seq))
        head = self.timeline.heads([conversation]).get(conversation)
        located = Located(
            client_id=None if key is None else key.client_id,
            sender_id=event.sender_id if event is not None else None if key is None else key.sender_id,
            outcomes=outcomes,
            event=event,
            head=head,
        )
        return located if event is None else self._with_readers(located, event)

    def _with_readers(self, located: Located, event: Event) -> Located:
        conversation, seq = event.conversation_id, event.seq
        members = self.timeline.rosters({conversation: (seq, seq)})[conversation].as_of(seq)
        others = [each for each in members if each != event.sender_id]
        cursors = self.timeline.cursors([(conversation, each) for each in others]).values()
        return replace(
            located,
            members=len(members),
            delivered_to=sum(each.delivered_seq >= seq or each.read_seq >= seq for each in cursors),
            read_by=sum(each.read_seq >= seq for each in cursors),
        )
