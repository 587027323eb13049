"""What tests of the fold share: one conversation, and what becomes of the first records of its log."""

from collections.abc import Iterable, Sequence

from natter.domain.conversations.rosters import Roster
from natter.domain.fold.conversation import Conversation, Decision
from natter.domain.fold.writes import Row
from natter.domain.messages.commands import Command
from natter.domain.messages.events import Head
from natter.domain.messages.states import BOUNDS, Bounds
from tests.memory.tables import MemoryTables
from tests.messages import LOBBY, NOON, a_log


def a_conversation(bounds: Bounds = BOUNDS) -> Conversation:
    return Conversation(head=Head(conversation_id=LOBBY), bounds=bounds)


def folded(*commands: Command, at: list[int] | int = NOON) -> list[Decision]:
    """The decisions on all items of `commands`, the first records of a conversation."""
    conversation = a_conversation()
    return [decision for record in a_log(commands, at=at) for decision in conversation.fold(record).decisions]


def refusals(*commands: Command) -> list[str | None]:
    return [decision.outcome.refusal for decision in folded(*commands)]


def rows_of_the_last(*commands: Command) -> Sequence[Row]:
    """What is stored of the last of `commands`."""
    conversation = a_conversation()
    return [conversation.fold(record).rows for record in a_log(commands)][-1]


def a_roster(rows: Iterable[Row], first: int, last: int) -> Roster:
    """Who belongs to the conversation from one place to another, as it is read when `rows` are stored."""
    tables = MemoryTables()
    tables.write(list(rows))
    return tables.rosters({LOBBY: (first, last)})[LOBBY]
