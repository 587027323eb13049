"""Whom those are vouched for by who are spoken to over TLS."""

import ssl
from functools import lru_cache


@lru_cache(maxsize=2)
def trusted(ca_file: str | None = None) -> ssl.SSLContext:
    """Who is vouched for by the authorities of the system, or else by those in `ca_file`."""
    return ssl.create_default_context(cafile=ca_file)
