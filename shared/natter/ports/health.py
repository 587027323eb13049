"""Port to whatever a function depends on, asked whether it is there."""

from typing import Protocol


class Probe(Protocol):
    def probe(self) -> None:
        """
        One cheap question.

        Raises:
            Unavailable: no answer in time.
        """
