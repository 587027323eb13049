"""Everybody in a group talks at once; what must be true of it afterwards."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.client import Client
from tests.support.crowd import DEVICES_EACH
from tests.support.findings import Run, findings
from tests.support.ledger import Ledger

MEMBERS, MESSAGES_EACH = 10, 50
HEAD = 1 + MEMBERS * DEVICES_EACH * MESSAGES_EACH
"""With the event that creates the group."""
SETTLED_S = 60.0


@dataclass(frozen=True)
class Storm:
    """The devices of the members of one group, all connected: twenty who send, and read."""

    conversation: str
    clients: Sequence[Client]
    ledger: Ledger

    async def rage(self) -> None:
        """Everybody sends, each message after the ack of the one before."""

        async def talk(client: Client, number: int) -> None:
            for line in range(MESSAGES_EACH):
                await client.say(self.conversation, f"{number}: {line}")

        await asyncio.gather(*(talk(client, number) for number, client in enumerate(self.clients)))

    async def check(self) -> None:
        """None lost, none twice, none refused, one order for all, history as it was seen live (P1-P5)."""
        screens = await asyncio.gather(
            *(client.screen(self.conversation, HEAD, within_s=SETTLED_S) for client in self.clients)
        )
        history = await self.clients[0].history(self.conversation)
        histories = {self.conversation: history}
        assert findings(Run(ledger=self.ledger, histories=histories, screens=screens)) == []
        assert self.ledger.refusals == {}
        assert len(history) == HEAD
