"""How somebody wants to be notified, whatever the conversation."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """
    A window of every day, by the clock on the wall where somebody lives; one that begins later than it ends passes
    midnight, and one that begins when it ends is the whole day.
    """

    begins: time
    ends: time
    time_zone: ZoneInfo

    def cover(self, at: int) -> bool:
        """
        Whether the clock shows a time of the window at `at` (milliseconds); the end is not part of it.

        What the clock shows decides: an hour that a change to summer time leaves out is in no window, one that comes
        twice is in it twice.
        """
        clock = datetime.fromtimestamp(at / 1000, UTC).astimezone(self.time_zone).time()
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends


@dataclass(frozen=True, kw_only=True, slots=True)
class Notifications:
    """How a user is notified, in all conversations. The default is that of who has never said anything."""

    previews: bool = True
    """A push says what the message says; without them it says that there is one."""
    mentions_pierce_mute: bool = True
    """Who has muted a conversation is woken for a mention all the same."""
    quiet: QuietHours | None = None
