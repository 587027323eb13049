"""What the fold of a batch has to know, and what is stored of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from natter.domain.conversations.rosters import Roster
from natter.domain.fold.conversation import Conversation, client_id_key, mark_key
from natter.domain.fold.targets import Target
from natter.domain.fold.writes import ClientIdKey, Outcome, Place
from natter.domain.ids import ConversationId
from natter.domain.messages.commands import React, Record, pointed_at
from natter.domain.messages.events import Head
from natter.domain.messages.states import MarkKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the fold of a batch has to know."""

    conversations: Collection[ConversationId] = ()
    """Heads and rosters of these."""
    folded: Mapping[ConversationId, int] = field(default_factory=dict)
    """How far others are folded, whose heads are known already."""
    keys: Collection[ClientIdKey] = ()
    targets: Collection[Place] = ()
    """Events that commands point at."""
    marks: Collection[MarkKey] = ()

    @classmethod
    def of(cls, batch: Sequence[Record], warm: Mapping[ConversationId, Conversation | None]) -> "Wanted":
        """All that `batch` refers to; of its conversations, those in `warm` that are known already."""
        items = [(record.command, item) for record in batch for item in record.command.items]
        pointed = ((command.conversation_id, pointed_at(item)) for command, item in items)
        reactions = ((command, item) for command, item in items if isinstance(item, React))
        return cls(
            conversations=[each for each, conversation in warm.items() if conversation is None],
            folded={each: conversation.head.seq for each, conversation in warm.items() if conversation is not None},
            keys=list(dict.fromkeys(client_id_key(command, item) for command, item in items)),
            targets=list(dict.fromkeys((each, seq) for each, seq in pointed if seq is not None)),
            marks=list(
                dict.fromkeys(mark_key(command.conversation_id, command.sender_id, item) for command, item in reactions)
            ),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """
    What the store says, missing where it has nothing.

    Rosters, targets and marks are as of the head. Outcomes are bounded by none: those above it are leftovers of a fold
    that did not finish.
    """

    heads: Mapping[ConversationId, Head]
    rosters: Mapping[ConversationId, Roster]
    outcomes: Mapping[ClientIdKey, Sequence[Outcome]]
    """One for each time that the client id was spent."""
    targets: Mapping[Place, Target]
    marks: Mapping[MarkKey, bool]
