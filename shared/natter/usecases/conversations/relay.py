"""Tell what was decided and not told: the request that decided it died, or the log was not there."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from natter.ports.conversations import Conversations
from natter.usecases.conversations.announce import Announce

_logger = logging.getLogger(__name__)

AGE_MS = 10_000
"""Rows younger than this are most likely about to be told by the request that wrote them."""

LIMIT = 1000
BUDGET_MS = 40_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    announced: int
    failed: int
    """Conversations whose rows stay for the next time."""


@dataclass(frozen=True, kw_only=True)
class Relay:
    """
    Announce all conversations with outbox rows that are overdue, the longest waiting first.

    One that cannot be announced does not hold up the others. What is left after the budget waits for the next time.

    Raises:
        Unavailable: the database did not answer in time.
    """

    conversations: Conversations
    announce: Announce
    now_ms: Callable[[], int]
    budget_ms: int = BUDGET_MS

    def __call__(self) -> Swept:
        began = self.now_ms()
        announced = failed = 0
        for conversation in self.conversations.unpublished(before=began - AGE_MS, limit=LIMIT):
            if self.now_ms() - began > self.budget_ms:
                break
            try:
                self.announce(conversation)
                announced += 1
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others go on
                name = type(error).__name__
                _logger.warning("not announced: %s", name, extra={"conversation_id": conversation})
                failed += 1
        return Swept(announced=announced, failed=failed)
