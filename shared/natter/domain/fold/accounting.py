"""What of the log is accounted for: of every item it can be told what became of it, or it is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from natter.domain.fold.conversation import client_id_key, retried
from natter.domain.fold.writes import ClientIdKey, Outcome, Place
from natter.domain.ids import ConversationId
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Event, Head


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What the tables say, read after `persist` had committed the records in question."""

    outcomes: Mapping[ClientIdKey, Sequence[Outcome]]
    events: Mapping[Place, Event]
    heads: Mapping[ConversationId, Head]


def own_outcome(record: Record, index: int, outcomes: Mapping[ClientIdKey, Sequence[Outcome]]) -> Outcome | None:
    """What became of the item at this very place of the log."""
    spent = outcomes.get(client_id_key(record.command, record.command.items[index]), ())
    return next((each for each in spent if each.place == (*record.position, index)), None)


def unaccounted(record: Record, stored: Stored) -> list[int]:
    """
    The items of `record` of which nothing tells what became. One that is accounted for was refused; or is an event
    which is stored at the place that was noted, and not above the head, where nobody would see it; or repeats an item
    that was decided before.
    """
    return [index for index in range(len(record.command.items)) if not _is_accounted_for(record, index, stored)]


def _is_accounted_for(record: Record, index: int, stored: Stored) -> bool:
    item, command = record.command.items[index], record.command
    outcome = own_outcome(record, index, stored.outcomes)
    if outcome is None:
        spent = stored.outcomes.get(client_id_key(command, item), ())
        return retried(spent, (*record.position, index), record.at) is not None
    if outcome.seq is None:
        return True
    head = stored.heads.get(command.conversation_id)
    event = stored.events.get((command.conversation_id, outcome.seq))
    if head is None or head.seq < outcome.seq or event is None:
        return False
    client_id = None if command.decided else item.client_id
    return (event.type, event.sender_id, event.client_id) == (item.type, command.sender_id, client_id)
