"""Port to an operator's own rules about what may be said."""

from typing import Protocol

from natter.domain.commands import Command


class ContentCheck(Protocol):
    """
    Looks at what is asked of a conversation before it reaches the log; by default nobody does.

    Called in the request of the sender, who waits for it, with what a member may ask by the rules of the
    conversation: messages, edits, deletions, reactions. A retry is looked at again.
    """

    def __call__(self, command: Command, /) -> None:
        """
        Let `command` pass by returning.

        Raises:
            Forbidden: it may not be said. Any other `NatterError` is told to the sender as well; whatever else is
                raised counts as no answer, and the sender is told to try again.
        """
