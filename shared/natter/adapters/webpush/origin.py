"""
Connections to push services, which users name: to public addresses only, and to the very address that was looked at.

A name that resolves to something else a moment later (DNS rebinding) gains nothing by it: it is resolved once. No
proxy of the environment is asked, and TLS makes sure that who is there is whom the name means.
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from natter.adapters.http.connection import left_s
from natter.domain.push.subscriptions import PushHost, Subscription

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for IPv4 ones (RFC 6052)."""
_ALLOCATED = ipaddress.ip_network("2000::/3")
"""All that the internet has of IPv6 (RFC 4291, 2.4, and IANA's registry): others count as global and lead elsewhere."""
_DOCUMENTED = ipaddress.ip_network("3fff::/20")
"""Examples (RFC 9637)."""

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotPublicError(OSError):
    """None of its addresses is public."""


@dataclass(frozen=True)
class Origin:
    """A push service, as requests reach it."""

    host: str
    port: int
    private: bool
    """Whether it may be at addresses that are not public."""
    tls: Callable[[], ssl.SSLContext] = field(compare=False, repr=False)

    @classmethod
    def of(cls, subscription: Subscription, host: PushHost, tls: Callable[[], ssl.SSLContext]) -> "Origin":
        return cls(subscription.host, subscription.port, host.private, tls)

    def connect(self, deadline: float) -> socket.socket:
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        allowed = [each for each in found if self.private or is_public(str(each[4][0]))]
        if not allowed:
            raise NotPublicError(f"{self.host} has no public address")
        failed: OSError | None = None
        for family, kind, protocol, _, address in allowed:
            try:
                return self._connected(socket.socket(family, kind, protocol), address, deadline)
            except OSError as error:
                failed = error
        raise ConnectionError(f"{self.host} is not reached") from failed

    def _connected(self, connecting: socket.socket, address: tuple[Any, ...], deadline: float) -> socket.socket:
        try:
            connecting.settimeout(left_s(deadline))
            connecting.connect(address)
            connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connecting.settimeout(left_s(deadline))
            return self.tls().wrap_socket(connecting, server_hostname=self.host)
        except OSError:
            connecting.close()
            raise


def is_public(text: str) -> bool:
    """Whether it is an address of the internet: not this machine, nor a network of ours, nor its metadata service."""
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = _inner(address)
    if inner is not None:
        return address.is_global and is_public(str(inner))
    if isinstance(address, ipaddress.IPv6Address) and (address not in _ALLOCATED or address in _DOCUMENTED):
        return False
    return address.is_global and not address.is_multicast


def _inner(address: Address) -> Address | None:
    """The IPv4 address for which an IPv6 one stands."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
