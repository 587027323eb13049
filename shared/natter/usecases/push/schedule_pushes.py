"""Have everybody looked at who may have to be woken for what was said."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from natter.domain.clock import NowMs
from natter.domain.conversations.audience import readers_by_places
from natter.domain.conversations.rosters import Roster
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Emission
from natter.domain.push.waking import MAX_AGE_MS, WAIT_MS, Message
from natter.domain.push.waves import Candidates, only, waves
from natter.ports.push import PushRegistrations, WaveQueue
from natter.ports.reading import Timeline


@dataclass(frozen=True, kw_only=True)
class SchedulePushes:
    """
    Queue who belonged to the conversation at the place of each message (P8) and has a device that can be woken, but not
    its sender, for a look when most who are there have been shown it.

    Raises:
        Unavailable: some may be queued; doing all of it again is safe, nobody is woken twice.
    """

    timeline: Timeline
    registrations: PushRegistrations
    queue: WaveQueue
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
        found = [
            each for conversation, messages in said.items() for each in _candidates(messages, rosters[conversation])
        ]
        together = list(waves(only(found, self._registered(found))))
        if together:
            self.queue.add(together, delay_s=min(max(0, -(-(due - now) // 1000)), WAIT_MS // 1000))
        return len(together)

    def _registered(self, candidates: Sequence[Candidates]) -> AbstractSet[UserId]:
        people = {user for each in candidates for user in each.users}
        return self.registrations.among(people) if people else frozenset()


def _candidates(messages: dict[int, Message], roster: Roster) -> Iterator[Candidates]:
    users: dict[int, list[UserId]] = {}
    for seqs, people in readers_by_places(roster, messages).items():
        for seq in seqs:
            users.setdefault(seq, []).extend(people)
    for seq, message in messages.items():
        others = tuple(user for user in users.get(seq, ()) if user != message.sender_id)
        if others:
            yield Candidates(message=message, users=others)
