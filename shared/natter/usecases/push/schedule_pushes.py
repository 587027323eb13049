"""Have everybody looked at who may have to be woken for what was said."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.conversations.audience import readers_by_places
from natter.domain.conversations.rosters import Roster
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Emission
from natter.domain.push.badges import Readers
from natter.domain.push.waking import MAX_AGE_MS, WAIT_MS, Message
from natter.domain.push.waves import CROWD, Candidates, only, waves
from natter.ports.push import PushRegistrations, WaveQueue
from natter.ports.reading import Timeline


@dataclass(frozen=True, kw_only=True)
class SchedulePushes:
    """
    Queue who belonged to the conversation at the place of each message (P8) and has a device that can be woken, but not
    its sender, for a look when most who are there have been shown it. All that a batch has of a conversation is looked
    at together: somebody who says much costs little more than somebody who says something.

    By sending, one has read what was there before, so the numbers on one's devices are looked at, too: events do not
    say on which one it was said, but that one is connected.

    Raises:
        Unavailable: some may be queued; doing all of it again is safe, nobody is woken twice.
    """

    timeline: Timeline
    registrations: PushRegistrations
    queue: WaveQueue
    has_read: Callable[[Readers], None]
    now_ms: NowMs

    def __call__(self, emissions: Sequence[Emission]) -> int:
        """Returns the number of waves."""
        now = self.now_ms()
        said: dict[ConversationId, dict[int, Message]] = {}
        for emission in emissions:
            for event in emission.events:
                if event.type == "message" and now - event.at <= MAX_AGE_MS:
                    said.setdefault(event.conversation_id, {})[event.seq] = Message.of(event)
        if not said:
            return 0
        rosters = self.timeline.rosters({each: (min(messages), max(messages)) for each, messages in said.items()})
        due = max(message.at for messages in said.values() for message in messages.values()) + WAIT_MS
        found = self._registered(
            [list(_candidates(messages, rosters[conversation])) for conversation, messages in said.items()]
        )
        together = [
            *waves([each for some in found if not _is_crowd(some) for each in some]),
            *waves([each for some in found if _is_crowd(some) for each in some], crowd=True),
        ]
        if together:
            self.queue.add(together, delay_s=min(max(0, -(-(due - now) // 1000)), WAIT_MS // 1000))
        senders = {message.sender_id for messages in said.values() for message in messages.values()}
        self.has_read(dict.fromkeys(senders))
        return len(together)

    def _registered(self, found: Sequence[Sequence[Candidates]]) -> Sequence[Sequence[Candidates]]:
        """Those who have a device that can be woken."""
        people = {user for some in found for each in some for user in each.users}
        registered: AbstractSet[UserId] = self.registrations.among(people) if people else frozenset()
        return [only(some, registered) for some in found]


def _candidates(messages: Mapping[int, Message], roster: Roster) -> Iterator[Candidates]:
    """Of one conversation: everybody once, with those who are told the same."""
    people: dict[tuple[int, ...], list[UserId]] = {}
    for seqs, users in readers_by_places(roster, messages).items():
        for user in users:
            others = tuple(seq for seq in seqs if messages[seq].sender_id != user)
            if others:
                people.setdefault(others, []).append(user)
    for others, users in people.items():
        yield Candidates(messages=tuple(messages[seq] for seq in others), users=tuple(users))


def _is_crowd(candidates: Sequence[Candidates]) -> bool:
    return sum(len(each.users) for each in candidates) > CROWD
