"""The time, as it is passed to whatever needs it."""

from collections.abc import Callable

NowMs = Callable[[], int]
"""Milliseconds since the Unix epoch."""
