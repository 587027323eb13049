"""Ports to receipts: the log of them, the cursors they move, and how they look on the wire."""

from typing import Protocol

from natter.domain.receipts import Receipt


class ReceiptLog(Protocol):
    """What members say of how far they have come. At least once; those of a conversation stay in their order."""

    def append(self, receipt: Receipt) -> None:
        """
        Add it, and return when all in-sync replicas have it.

        Raises:
            Unavailable: not confirmed in bounded time. It may be in the log all the same; repeating is safe.
        """
