"""What keeps a database connection to one client of RDS Proxy ("Avoiding pinning an RDS Proxy", RDS user guide)."""

import re

LONGEST_BYTES = 16 * 1024
"""Of a statement: a longer one pins, whatever it says."""

_NOISE = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/", re.DOTALL)
"""Text and comments, in which words mean nothing."""
_BEGINS = {
    "DEALLOCATE": "a prepared statement",
    "DECLARE": "a cursor",
    "DISCARD": "a discarded session state",
    "EXECUTE": "a prepared statement",
    "LISTEN": "a notification channel",
    "LOAD": "a library",
    "PREPARE": "a prepared statement",
    "RESET": "a setting",
    "SET": "a setting",
}
_OF_THE_TRANSACTION = re.compile(r"\s*SET\s+(LOCAL|TRANSACTION|CONSTRAINTS)\b", re.IGNORECASE)
_WORD = re.compile(r"\s*(\w+)")
_CALLS = (
    (re.compile(r"\bset_config\s*\(", re.IGNORECASE), "a setting"),
    (re.compile(r"\b(next|set)val\s*\(", re.IGNORECASE), "a sequence"),
    (re.compile(r"\bpg_(try_)?advisory_(un)?lock", re.IGNORECASE), "an advisory lock"),
    (re.compile(r"\bCREATE\s+(LOCAL\s+|GLOBAL\s+)?TEMP(ORARY)?\b", re.IGNORECASE), "a temporary object"),
    (re.compile(r"\bINTO\s+(LOCAL\s+|GLOBAL\s+)?TEMP(ORARY)?\b", re.IGNORECASE), "a temporary object"),
)


def pins(text: str, *, name: str = "") -> str | None:
    """
    Why the statements in `text`, prepared as `name` if that is not empty, pin their session; None if they do not.

    What is set for the transaction alone does not, nor do locks that end with it.
    """
    if name:
        return "a prepared statement"
    if len(text.encode()) > LONGEST_BYTES:
        return "a long statement"
    for statement in _NOISE.sub("''", text).split(";"):
        word = _WORD.match(statement)
        if word and (reason := _BEGINS.get(word.group(1).upper())) and not _OF_THE_TRANSACTION.match(statement):
            return reason
        for call, reason in _CALLS:
            if call.search(statement):
                return reason
    return None
