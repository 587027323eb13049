"""What no log may hold: all that people of a session's tests have said, their names and what they sign in with."""

import re
from collections.abc import Iterable
from pathlib import Path

FEWEST = 12
"""Characters: a shorter word may stand in a log for other reasons."""
_WORD = re.compile(rb"[\w.~+/-]{12,}")
_heard: set[str] = set()


def heard(*said: str) -> None:
    """Remember it, if it is long enough to be known again."""
    _heard.update(each for each in said if len(each) >= FEWEST)


def leaked(logs: Path, confidential: Iterable[str] | None = None) -> list[str]:
    """What is named in a function's log of the last run: by default anything that was `heard`."""
    return [
        f"{log.name}: {each}"
        for log in sorted(logs.glob("natter-*.log"))
        for each in named(log.read_bytes(), confidential)
    ]


def named(text: bytes, confidential: Iterable[str] | None = None) -> list[str]:
    """What of it stands in `text`."""
    sought = {each.encode() for each in (_heard if confidential is None else confidential)}
    phrases = {each for each in sought if not _WORD.fullmatch(each)}
    found = (set(_WORD.findall(text)) & sought) | {each for each in phrases if each in text}
    return sorted(each.decode() for each in found)
