"""What the fold of a batch has to know, and what is stored of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from natter.domain.conversations.members import MembershipChange
from natter.domain.fold.targets import Effect
from natter.domain.fold.writes import Outcome, Place, SpentKey
from natter.domain.ids import ConversationId
from natter.domain.messages.events import Event, Head


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the fold of a batch has to know."""

    conversations: Collection[ConversationId] = ()
    """Heads and membership changes of these."""
    keys: Collection[SpentKey] = ()
    targets: Collection[Place] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """
    What the store says, missing where it has nothing.

    Nothing here is bounded by a head: rows above it are leftovers of a fold that did not finish.
    """

    heads: Mapping[ConversationId, Head]
    membership_changes: Mapping[ConversationId, Sequence[MembershipChange]]
    outcomes: Mapping[SpentKey, Sequence[Outcome]]
    """One for each time that the client id was spent."""
    targets: Mapping[Place, Event]
    effects: Mapping[Place, Sequence[Effect]]
