"""Port to what members report to the operators."""

from typing import Protocol

from natter.domain.operations import Report


class Reports(Protocol):
    def add(self, report: Report) -> None:
        """
        Keep `report`, in place of an earlier one of the same event by the same reporter. Repeating it is safe.

        Raises:
            Unavailable: the store did not answer in time; it may be kept all the same.
        """


class DeadLetters(Protocol):
    """Records that can never be processed, for operators to inspect."""

    def add(self, topic: str, place: tuple[int, int], key: bytes, value: bytes, error: str) -> None:
        """
        Keep a record of `topic` as it is, with its place (partition and offset), and why it could not be processed.

        Raises:
            Unavailable: it may not be kept; adding it again is safe.
        """


class Probe(Protocol):
    def probe(self) -> None:
        """
        One cheap question.

        Raises:
            Unavailable: no answer in time.
        """
