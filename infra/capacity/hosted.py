"""Public prices of hosted chat, as far as they were found, for the same usage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.capacity.usage import GROUP, Usage


@dataclass(frozen=True, kw_only=True)
class Offer:
    says: str
    source: str
    monthly_usd: Callable[[Usage], float]


def _deliveries(usage: Usage) -> float:
    """Of a month: those whom messages reach."""
    receivers = (1 - usage.group_share) + usage.group_share * (GROUP - 1)
    return usage.messages_per_month * receivers


OFFERS: Mapping[str, Offer] = {
    "Twilio Conversations": Offer(
        says="$0.05 for each user who is active in the month",
        source="https://www.telphiconsulting.com/blog/twilio-conversations-api-pricing",
        monthly_usd=lambda usage: 0.05 * usage.users,
    ),
    "Ably": Offer(
        says="$2.50 for a million messages, each that is sent and each that is received, where a package is exceeded; "
        "connections and channels come on top",
        source="https://ably.com/pricing/full-calculator",
        monthly_usd=lambda usage: 2.5e-6 * (usage.messages_per_month + _deliveries(usage)),
    ),
    "PubNub, by transactions": Offer(
        says="$0.000123 for each publish, $0.000033 for each request of a subscriber, taken as one each",
        source="https://pubnub.com/docs/general/resources/pricing",
        monthly_usd=lambda usage: 0.000123 * usage.messages_per_month + 0.000033 * _deliveries(usage),
    ),
}
"""Discounts for many, which all of them have, are not public."""
