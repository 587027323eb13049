"""The time, as it is passed to whatever needs it."""

from collections.abc import Callable

Clock = Callable[[], int]
"""Milliseconds since the Unix epoch."""
