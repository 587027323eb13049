"""How many use it, and how: what `natter-capacity` is asked with. The defaults are assumptions, not findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

PING_S = 270
"""Clients ping every 240 to 300 s (clients/core-vectors)."""
REPLACED_MIN = 110
"""Clients replace a connection that old, before the gateway ends it (the same)."""
GROUP = 10
DAY_S = 86_400
MONTH_DAYS = 730 / 24


def option(default: float, about: str) -> float:
    value: float = field(default=default, metadata={"about": about})
    return value


@dataclass(frozen=True, kw_only=True)
class Usage:
    users: int = field(default=100_000, metadata={"about": "people who use it on a day, one device each"})
    messages_per_user_day: float = option(40, "messages that one of them sends on a day")
    group_share: float = option(0.3, f"of messages: those to groups of {GROUP}; the others are direct")
    away_share: float = option(0.3, "of those written to: who is not connected, and is woken")
    mobile_share: float = option(0.8, "of pushes: those to phones, through SNS; the others are to browsers")
    hours_connected: float = option(8, "of a day, of one of them")
    connected_share: float = option(1.0, "of them: who is connected at the busiest time")
    connects_per_day: float = option(10, "how often one of them opens the app")
    receipts_per_message: float = option(0.5, "frames that say `read`, for a direct message that was shown")
    typing_per_message: float = option(0.5, "frames that say `typing`, for a direct message")
    watches_per_hour: float = option(6, "frames that ask for presence: every ten minutes while connected")
    inboxes_per_day: float = option(10, "how often one of them reads the list of conversations")
    pages_per_day: float = option(10, "pages of history that one of them reads on a day")
    refreshes_per_day: float = option(12, "how often one of them refreshes a session")
    busiest: float = option(3, "times the mean rate of a day, at its busiest")
    months_kept: float = option(12, "months of messages that are stored")
    slower: float = option(1, "times that functions take on AWS what they took here")

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: a share that is none, or a number below zero.
        """
        for each in fields(self):
            value = getattr(self, each.name)
            if value < 0 or (each.name.endswith("_share") and value > 1):
                raise ValueError(f"{each.name}: {value}")

    @property
    def connections(self) -> float:
        """At the busiest time."""
        return self.users * self.connected_share

    @property
    def messages_per_month(self) -> float:
        return self.users * self.messages_per_user_day * MONTH_DAYS

    @property
    def pushes_per_day(self) -> float:
        """Of one user's messages; what is joined into one push counts as several."""
        groups = self.group_share * (GROUP - 1)
        return self.messages_per_user_day * self.away_share * (1 - self.group_share + groups)

    def acts_per_day(self) -> Mapping[str, float]:
        """Of one user; the names are those of what was counted, and `push`."""
        direct = self.messages_per_user_day * (1 - self.group_share)
        shown = direct * (1 - self.away_share)
        return {
            "direct message": direct,
            "group message": self.messages_per_user_day * self.group_share,
            "push": self.pushes_per_day,
            "receipt": shown * self.receipts_per_message,
            "typing": shown * self.typing_per_message,
            "ping": self.hours_connected * 3600 / PING_S,
            "connection": self.connects_per_day + self.hours_connected * 60 / REPLACED_MIN,
            "watch": self.hours_connected * self.watches_per_hour,
            "refresh": self.refreshes_per_day,
            "inbox": self.inboxes_per_day,
            "history": self.pages_per_day,
        }
