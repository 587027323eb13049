"""Frames that are of use only now."""

from typing import Literal

MAX_TYPING_SHOWN = 100
"""To conversations of up to so many members it is passed on who is typing."""


TypingState = Literal["started", "stopped"]
