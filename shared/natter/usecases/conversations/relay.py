"""Complete what was decided and is not so everywhere: the request that decided it died, or a store was not there."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from natter.domain.budgets import SWEEP_MS
from natter.domain.clock import NowMs
from natter.domain.conversations.roster import StaleRoster
from natter.domain.ids import ConversationId
from natter.ports.conversations import Admission, Conversations
from natter.usecases.conversations.announce import Announce

_logger = logging.getLogger(__name__)

AGE_MS = 10_000
"""Rows younger than this are most likely about to be told by the request that wrote them."""

LIMIT = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Relayed:
    announced: int
    replaced: int
    """Rosters that a change of blocks had left stale."""
    failed: int
    """Both, of conversations whose rows stay for the next time."""


@dataclass(frozen=True, kw_only=True)
class Relay:
    """
    Replace the rosters that are stale, and announce all conversations with outbox rows that are overdue, the longest
    waiting first.

    One that cannot be completed does not hold up the others. What is left after the budget waits for the next time.

    Raises:
        Unavailable: the database did not answer in time.
    """

    conversations: Conversations
    admission: Admission
    announce: Announce
    now_ms: NowMs
    budget_ms: int = SWEEP_MS

    def __call__(self) -> Relayed:
        began = self.now_ms()
        done = {"replaced": 0, "announced": 0}
        failed = 0
        for kind, conversation, complete in self._overdue(before=began - AGE_MS):
            if self.now_ms() - began > self.budget_ms:
                break
            try:
                complete()
                done[kind] += 1
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others go on
                name = type(error).__name__
                _logger.warning("not %s: %s", kind, name, extra={"conversation_id": conversation})
                failed += 1
        return Relayed(**done, failed=failed)

    def _overdue(self, *, before: int) -> Iterator[tuple[str, ConversationId, Callable[[], None]]]:
        for stale in self.conversations.stale(before=before, limit=LIMIT):
            yield "replaced", stale.conversation_id, partial(self._replace, stale)
        for conversation in self.conversations.unpublished(before=before, limit=LIMIT):
            yield "announced", conversation, partial(self.announce, conversation)

    def _replace(self, stale: StaleRoster) -> None:
        self.admission.replace(stale.conversation_id)
        self.conversations.note_replaced(stale)
