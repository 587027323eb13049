"""
Who calls an HTTP API: by which way, from where, and by which name. The only place that reads it from an event.

What a caller can write themselves (`X-Forwarded-For`, `Forwarded`, `CloudFront-Viewer-Address`) is never looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from natter.domain.errors import Forbidden
from natter.names import EDGE_PROOF_HEADER, EDGE_VIEWER_HEADER
from natter.ports.edge import Edge

PREFIX_BITS = 64
"""Of an IPv6 address, what one customer of a network is given at least (RFC 6177): the rest they choose freely."""


@dataclass(frozen=True)
class Callers:
    """
    Those of an API with this before it; None: they reach the gateway themselves. `web_app` is what browsers call the
    API, too, where its pages are.
    """

    edge: Edge | None
    web_app: str | None = None

    def check(self, event: APIGatewayProxyEventV2) -> None:
        """
        Raises:
            Forbidden: the request went past the edge, and past the rules there.
            Unavailable: as `Edge.sent` says.
        """
        if self.edge is not None and not self.edge.sent(event.headers.get(EDGE_PROOF_HEADER, "")):
            raise Forbidden("this API is called by another address")

    def address(self, event: APIGatewayProxyEventV2) -> str:
        """
        The network that asks, as limits count it: an IPv4 address, or an IPv6 one without what its owner chooses. It is
        what the gateway saw, or, of a request that has passed `check`, what the edge saw.
        """
        seen: str = event.request_context.http.source_ip
        if self.edge is not None:
            seen = event.headers.get(EDGE_VIEWER_HEADER, seen)
        return _network(seen)

    def host(self, event: APIGatewayProxyEventV2) -> str:
        """What the client calls the API: the name, and the port unless it is the usual one."""
        return self.edge.host if self.edge is not None else event.headers.get("host", "")

    def hosts(self, event: APIGatewayProxyEventV2) -> Sequence[str]:
        """All names by which a page that is on the API's own origin may call it."""
        return [self.host(event), *(() if self.web_app is None else (self.web_app,))]


def _network(text: str) -> str:
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not isinstance(address, IPv6Address):
        return str(address)
    host_bits = address.max_prefixlen - PREFIX_BITS
    return f"{IPv6Address(int(address) >> host_bits << host_bits)}/{PREFIX_BITS}"
