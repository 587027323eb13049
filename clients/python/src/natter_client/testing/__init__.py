"""A Natter for your tests: strict about the protocol, and as unreliable as you ask it to be."""

from natter_client.testing.server import FakeServer, ProtocolViolationError
from natter_client.testing.world import Limits

__all__ = ["FakeServer", "Limits", "ProtocolViolationError"]
