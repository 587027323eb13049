"""
With which timestamp a record's rows are written, also when the log's own has become too old for the store.

Cells are last-write-wins, so all rests on this: who has folded more of a conversation states the later timestamp,
whoever that is, and however late. The log's time gives it, until Keyspaces refuses it, which takes nothing from more
than two days ago: https://docs.aws.amazon.com/keyspaces/latest/devguide/client-side-timestamps-how-to-queries.html
"""

from collections.abc import Callable
from dataclasses import dataclass

from natter.domain.errors import Unavailable

REACH_US = 2 * 24 * 3600 * 1_000_000
"""How far back the store takes timestamps."""

MARGIN_US = 5_000_000
"""
For how long the store has refused a timestamp before another takes its place. By then no write with it, or with one of
the same go (a second younger, two where one was set aside), is under way any more, whatever the store's clocks say.
"""


def write_time(previous: int, at: int, refused_to: int) -> int:
    """
    The write timestamp (µs) of a record of the log's time `at` (ms), after one of `previous`.

    Of the steps `REACH_US` above the log's own it is the lowest that is later than `refused_to`, as is the microsecond
    before it, with which leftovers are removed. So of all writers only those that take the same step are served: what
    is lower is refused, and nobody takes a higher one before.
    """
    own = max(previous + 1, at * 1000)
    steps = max(0, -((own - 1 - refused_to - 1) // REACH_US))
    return own + steps * REACH_US


@dataclass
class Horizon:
    """
    Up to which write timestamp the store is known to refuse everything; it only moves on.

    One for each execution environment. What was read before the horizon moved has to be read again before it is folded
    beyond it: until then, another may have written what is refused from then on.
    """

    refused_to: int = 0
    """Microseconds; 0: nothing was ever refused for its age."""

    def move(self, oldest: int, refusal: Exception, *, now_ms: int, takes: Callable[[int], bool]) -> None:
        """
        Returns if writes were refused for their age, `oldest` being the first of their timestamps: what is read and
        folded again gets later ones.

        It is the store's word that counts: `takes` asks it for a timestamp. The own clock only says for which one it
        is asked first, so that not each record has to be refused.

        Raises:
            Unavailable: they were, but not for so long. It passes.
            Any other exception: `refusal`. It was not for their age.
        """
        guess = now_ms * 1000 - REACH_US - 2 * MARGIN_US
        for refused_to in (guess, oldest):
            if max(oldest, self.refused_to + 1) <= refused_to and not takes(refused_to + MARGIN_US):
                if refused_to > now_ms * 1000 + REACH_US:  # no clock is wrong by so much: nothing was ever so old
                    raise refusal
                self.refused_to = refused_to
                return
        if takes(oldest - MARGIN_US):  # a margin older: the store's clocks are not one
            raise refusal
        raise Unavailable("the message store") from refusal
