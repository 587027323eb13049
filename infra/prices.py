"""
What AWS and others charge, and where that is stated: us-east-1, dollars, list prices without free tiers and discounts.

The pages of prices are put together in the browser, so what counts here is where somebody who has asked AWS's price
list, or AWS itself in its own code, states them. Of two that are told for one thing it is the higher.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PRICE_LIST = "AWS's price list"
"""As asked in October 2025 by somebody who states the SKUs: who has an account finds the price under it."""
MSK_SIZING = "https://github.com/aws/agent-toolkit-for-aws (managing-amazon-msk/scripts/msk_sizing.py)"
KEYSPACES = "https://github.com/aws-samples/sample-pricing-calculator-for-keyspaces (src/calculator/data/mcs.json)"
ELASTICACHE = "https://www.usage.ai/blogs/aws/database-savings-plans/elasticache/serverless-pricing/"
SNS = "https://www.factualminds.com/blog/amazon-sns-pricing-publishes-fanout-protocols/"
SQS = "https://awsnegotiations.com/sqs-sns-cost-optimization.html"
CLOUDWATCH = "https://cloudburn.io/blog/amazon-cloudwatch-pricing"
WAF = "docs/decisions/0018-a-distribution-before-the-http-api.md"
NOWHERE = ""
"""As it is generally told: no source was found."""


@dataclass(frozen=True)
class Price:
    usd: float
    per: str
    source: str
    sku: str = ""
    above: tuple[tuple[float, float], ...] = ()
    """Cheaper beyond: how many a month, and dollars for each of those above."""

    def cost(self, amount: float) -> float:
        """Of so many in a month."""
        steps = ((0.0, self.usd), *self.above)
        ends = (*(begin for begin, _ in self.above), amount)
        return sum(max(0.0, min(amount, end) - begin) * usd for (begin, usd), end in zip(steps, ends, strict=True))


M = 1e-6
"""Of a million."""
TB = 1024.0

PRICES: Mapping[str, Price] = {
    # by the hour
    "kafka.t3.small": Price(0.0456, "hour", "https://github.com/Gilgamech/OfferingOverview (notes/MSK.md)"),
    "kafka.m7g.large": Price(0.204, "hour", MSK_SIZING),
    "kafka.m7g.xlarge": Price(0.408, "hour", MSK_SIZING),
    "kafka.m7g.2xlarge": Price(0.816, "hour", MSK_SIZING),
    "kafka.m7g.4xlarge": Price(1.632, "hour", MSK_SIZING),
    "kafka.m7g.8xlarge": Price(3.264, "hour", MSK_SIZING),
    "NAT gateway": Price(0.045, "hour", PRICE_LIST, "M2YSHUBETB3JX4M4"),
    "public IPv4 address": Price(0.005, "hour", PRICE_LIST, "4GQUNXTFWVSGPUZK"),
    "interface endpoint in a zone": Price(0.01, "hour", PRICE_LIST, "EN2N5TATXE673A3B"),
    "Aurora capacity unit": Price(0.12, "hour", PRICE_LIST, "AVKW7ZJP8D72HNQC"),
    "Aurora, t4g.medium": Price(0.09, "hour", NOWHERE),
    "RDS Proxy, capacity unit or vCPU": Price(
        0.015, "hour", "https://blog.serverworks.co.jp/amazon-aurora-serverless-v2-and-amazon-rds-proxy-minimum-cost"
    ),
    "MSK Serverless": Price(0.75, "hour", "https://github.com/Gilgamech/OfferingOverview (notes/MSK.md)"),
    "Valkey, GB": Price(0.084, "hour", ELASTICACHE),
    "event poller unit": Price(0.185, "hour", PRICE_LIST, "E9QEPQBP6HKCU5DW"),
    "Lambda, provisioned GB (arm64)": Price(0.0000033334 * 3600, "hour", PRICE_LIST, "MV7PTBS82AVCMXJJ"),
    # by the month
    "broker storage, GB": Price(0.10, "month", MSK_SIZING),
    "metric of an alarm": Price(0.10, "month", PRICE_LIST),
    "composite alarm": Price(0.50, "month", PRICE_LIST),
    "dashboard": Price(3.0, "month", CLOUDWATCH),
    "custom metric": Price(0.30, "month", PRICE_LIST, above=((10_000, 0.10),)),
    "key": Price(1.0, "month", PRICE_LIST),
    "secret": Price(0.40, "month", PRICE_LIST),
    "web ACL": Price(5.0, "month", WAF),
    "rule of a web ACL": Price(1.0, "month", WAF),
    "Keyspaces, GB": Price(0.25, "month", KEYSPACES, "2PMUPQEXZ5CQAER3"),
    "Keyspaces, GB of point-in-time recovery": Price(0.20, "month", KEYSPACES, "QH8ZGZQV8WWJFSDH"),
    # by use
    "WebSocket message": Price(1 * M, "message of up to 32 KB", PRICE_LIST, "3Y5E3ETY2M5CMHYP", ((1e9, 0.8 * M),)),
    "connection minute": Price(0.25 * M, "minute", PRICE_LIST, "UTA8VPBNDBWNCNMC"),
    "HTTP request": Price(1 * M, "request", PRICE_LIST, "FC2TWT2UEPTBKVBX", ((300e6, 0.9 * M),)),
    "GB to the internet": Price(
        0.09, "GB", PRICE_LIST, "HQEH3ZWJVT46JHRG", ((10 * TB, 0.085), (50 * TB, 0.07), (150 * TB, 0.05))
    ),
    "GB through NAT": Price(0.045, "GB", PRICE_LIST, "59S5R83GFPUAGVR5"),
    "GB between zones": Price(0.02, "GB, both directions", MSK_SIZING),
    "invocation": Price(0.20 * M, "invocation (arm64)", PRICE_LIST, "K7BX6567RJ67A2KE"),
    "GB-second": Price(
        0.0000133334,
        "GB-second (arm64)",
        PRICE_LIST,
        "72SBSFWPMDTH8S3J",
        ((7.5e9, 0.0000120001), (18.75e9, 0.0000106667)),
    ),
    "write unit": Price(0.625 * M, "unit of Keyspaces, on demand", KEYSPACES, "JYGRY8NFBUV7XMMP"),
    "read unit": Price(0.125 * M, "unit of Keyspaces, on demand", KEYSPACES, "UTFM6BA7NPAN6SDG"),
    "removal by time to live": Price(0.275 * M, "unit of Keyspaces", KEYSPACES, "TDJEGGHFGCNR8XA5"),
    "ECPU": Price(0.0023 * M, "unit of ElastiCache Serverless for Valkey", ELASTICACHE),
    "SQS request": Price(0.40 * M, "request", SQS),
    "SNS publish": Price(0.50 * M, "publish", SNS),
    "SNS mobile delivery": Price(0.50 * M, "delivery", SNS),
    "signature": Price(0.15 / 10_000, "request to KMS, elliptic curves", PRICE_LIST),
    "GB of logs": Price(0.50, "GB taken in", PRICE_LIST),
    "GB of logs kept": Price(0.03, "month", PRICE_LIST),
}


def usd(name: str) -> float:
    """
    The first price of it.

    Raises:
        KeyError: nothing is called so.
    """
    return PRICES[name].usd


def table() -> str:
    """All of them with their sources, in Markdown."""
    lines = ["| price | $ | per | stated by |", "|---|---:|---|---|"]
    for name, price in PRICES.items():
        source = price.source or "**nobody who was found**: as it is generally told"
        if price.sku:
            source += f", {price.sku}"
        lines.append(f"| {name} | {_dollars(price)} | {price.per} | {source} |")
    return "\n".join(lines) + "\n"


def _dollars(price: Price) -> str:
    if price.usd < 0.001:  # noqa: PLR2004
        cheaper = "".join(f"; above {begin / 1e9:g} billion {usd / M:g}" for begin, usd in price.above)
        return f"{price.usd / M:g} a million{cheaper}"
    return f"{price.usd:g}" + "".join(f"; above {begin:,.0f} {usd:g}" for begin, usd in price.above)


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201 - what it is for
