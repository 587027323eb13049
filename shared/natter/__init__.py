"""Natter's application: domain, use cases, ports, adapters and the entry points that Lambda calls."""

__version__ = "0.1.0"
