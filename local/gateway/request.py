"""An HTTP request as API Gateway's events describe it."""

from collections.abc import Sequence
from functools import cached_property
from urllib.parse import parse_qsl

from local.runtime.http1 import Exchange


class Request:
    """Decoded views of an exchange, each made when first asked for."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.method = exchange.method
        self.path = exchange.path
        self.source_ip = exchange.source_ip

    @cached_property
    def headers(self) -> dict[str, list[str]]:
        """Values by name in lower case, in order."""
        headers: dict[str, list[str]] = {}
        for name, value in self.exchange.headers:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        return headers

    @cached_property
    def named_headers(self) -> dict[str, list[str]]:
        """Values by name as sent."""
        headers: dict[str, list[str]] = {}
        for name, value in self.exchange.headers:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        return headers

    @cached_property
    def parameters(self) -> dict[str, list[str]]:
        """Query string values by name, in order."""
        parameters: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.exchange.query, keep_blank_values=True):
            parameters.setdefault(name, []).append(value)
        return parameters

    def header(self, name: str) -> str | None:
        values: Sequence[str] = self.headers.get(name.lower(), ())
        return values[0] if values else None

    @property
    def user_agent(self) -> str:
        return self.header("user-agent") or ""
