"""How a bug is logged: where it happened, not what was being handled."""

import traceback


def describe(error: BaseException) -> str:
    """The error's type and the lines it came through. Its text is left out: drivers quote rows in theirs."""
    return "".join((*traceback.format_tb(error.__traceback__), type(error).__qualname__))
