"""What one act is billed for, line by line, with the price of a million of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.capacity.demand import GB, TLS_BYTES
from infra.capacity.measured import Measured, total
from infra.prices import usd

SHOWN = ("direct message", "group message", "away message")


@dataclass(frozen=True)
class Line:
    what: str
    amount: float
    unit: str
    millions_usd: float
    """Of a million of the act, at the first price."""
    is_request: bool = False


def lines(amounts: Mapping[str, float], *, slower: float = 1.0) -> Iterator[Line]:
    """`slower`: times that functions take on AWS what they took here."""
    yield _line("frames from clients", amounts.get("gateway.frames_in", 0.0), "WebSocket message", request=True)
    yield _line(
        f"frames to clients ({amounts.get('gateway.posts', 0.0):.3g} posted)",
        amounts.get("gateway.frames_out", 0.0),
        "WebSocket message",
        request=True,
    )
    yield _line("HTTP requests", amounts.get("http.requests", 0.0), "HTTP request", request=True)
    for name, number in sorted(amounts.items()):
        if name.startswith("lambda.") and name.endswith(".invocations"):
            function = name.split(".")[1]
            took = amounts[f"lambda.{function}.ms"] / number
            yield _line(f"invocations of `{function}`, {took:.0f} ms here", number, "invocation", request=True)
    mb_ms = sum(amount for name, amount in amounts.items() if name.endswith(".mb_ms"))
    yield _line("their GB-seconds", mb_ms * slower / 1024 / 1000, "GB-second")
    for kind in ("write", "read"):
        prefix = f"keyspaces.{kind}."
        tables = ", ".join(
            f"{amount:.3g} `{name.removeprefix(prefix)}`" for name, amount in amounts.items() if name.startswith(prefix)
        )
        yield _line(f"{kind} units of Keyspaces: {tables}", total(amounts, prefix), f"{kind} unit")
    yield _line("rows that go by their time to live", amounts.get("keyspaces.write.client_ids", 0.0), _TTL)
    yield _line("ECPU of Valkey", amounts.get("valkey.ecpu", 0.0), "ECPU")
    yield Line("queries of PostgreSQL", amounts.get("postgres.queries", 0.0), "paid by the hour", 0.0)
    yield _line("bytes into Kafka", total(amounts, "kafka.bytes."), "GB between zones", of=GB)
    yield _line("requests to SQS", total(amounts, "requests.sqs:"), "SQS request", request=True)
    yield _line("signatures by KMS", amounts.get("requests.kms:Sign", 0.0), "signature", request=True)
    posted = amounts.get("gateway.post_bytes", 0.0) + amounts.get("gateway.posts", 0.0) * TLS_BYTES
    yield _line("bytes through NAT", posted, "GB through NAT", of=GB)
    sent = amounts.get("gateway.bytes_out", 0.0) + amounts.get("http.bytes_out", 0.0)
    yield _line("bytes to clients", sent, "GB to the internet", of=GB)
    yield _line("bytes of logs", amounts.get("logs.bytes", 0.0), "GB of logs", of=GB)


_TTL = "removal by time to live"


def table(amounts: Mapping[str, float], *, slower: float = 1.0) -> str:
    """In Markdown, without what is not asked for."""
    found = [line for line in lines(amounts, slower=slower) if line.amount > 0]
    rows = ["| | number | $ a million |", "|---|---:|---:|"]
    rows += [f"| {line.what} | {_number(line.amount)} | {line.millions_usd:.2f} |" for line in found]
    rows.append(f"| **together** | | **{sum(line.millions_usd for line in found):.2f}** |")
    return "\n".join(rows) + "\n"


def requests(amounts: Mapping[str, float]) -> float:
    """Gateway messages, invocations and requests to SQS and KMS: what is billed one by one."""
    return sum(line.amount for line in lines(amounts) if line.is_request)


def lists(measured: Measured) -> str:
    """Of the messages that were counted."""
    parts = [f"Counted {measured.date} by `{measured.command}`.\n"]
    parts += [f"\n{act}: {measured.about[act]}\n\n{table(measured.acts[act])}" for act in SHOWN]
    return "".join(parts)


def _line(what: str, amount: float, price: str, *, of: float = 1.0, request: bool = False) -> Line:
    return Line(what, amount, price, amount / of * usd(price) * 1e6, request)


def _number(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"  # noqa: PLR2004
