"""
What a composite alarm rests on: the states of other alarms. No I/O.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html (`AlarmRule`)
"""

import ast
import re
from collections.abc import Iterator, Mapping

from .series import NotUnderstood

LONGEST, MOST_CHILDREN, MOST_ELEMENTS = 10_240, 100, 500
"""Characters, alarms, and alarms with constants and parentheses: CloudWatch takes no more."""
STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
_TERM = re.compile(rf"\b({'|'.join(STATES)})\s*\(\s*(?:\"([^\"]+)\"|'([^']+)'|([^()\"'\s]+))\s*\)")
_WORDS = {"AND": "and", "OR": "or", "NOT": "not", "TRUE": "True", "FALSE": "False"}
_WORD = re.compile(rf"\b({'|'.join(_WORDS)})\b")


class Rule:
    """`ALARM("one") AND NOT (OK("other") OR …)`; alarms by name or ARN. Parsed with `ast`, never evaluated as code."""

    def __init__(self, text: str) -> None:
        """
        Raises:
            NotUnderstood: it is no rule, or a larger one than CloudWatch takes.
        """
        self._terms: list[tuple[str, str]] = []
        if len(text) > LONGEST:
            raise NotUnderstood(f"a rule of more than {LONGEST} characters")
        python = _WORD.sub(lambda word: _WORDS[word.group()], _TERM.sub(self._numbered, text))
        if len(self.children) > MOST_CHILDREN or len(self._terms) + python.count("(") > MOST_ELEMENTS:
            raise NotUnderstood("a rule of too many alarms")
        try:
            self._tree = ast.parse(" ".join(python.split()), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise NotUnderstood(text) from error
        self.holds({})

    @property
    def children(self) -> frozenset[str]:
        """The names of the alarms that it asks for."""
        return frozenset(name for _, name in self._terms)

    def holds(self, states: Mapping[str, str]) -> bool:
        """Given the states of alarms by their names; one that is not known is in no state."""
        return _holds(self._tree, [states.get(name) == state for state, name in self._terms])

    def _numbered(self, term: re.Match[str]) -> str:
        state, *names = term.groups()
        self._terms.append((state, name_of(next(name for name in names if name))))
        return f"_{len(self._terms) - 1}"


def name_of(alarm: str) -> str:
    """An alarm's name, of its name or its ARN."""
    return alarm.rpartition(":alarm:")[2]


def in_order(rules: Mapping[str, Rule]) -> Iterator[str]:
    """
    The composite alarms by name, each after those that it rests on.

    Raises:
        NotUnderstood: they rest on each other.
    """
    waiting = dict(rules)
    while waiting:
        ready = [name for name, rule in waiting.items() if not rule.children & waiting.keys()]
        if not ready:
            raise NotUnderstood("composite alarms that rest on each other")
        yield from ready
        for name in ready:
            del waiting[name]


def _holds(node: ast.AST, terms: list[bool]) -> bool:
    match node:
        case ast.BoolOp(op=operator, values=values):
            parts = [_holds(value, terms) for value in values]  # all of them, so that nothing unknown hides
            return all(parts) if isinstance(operator, ast.And) else any(parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _holds(operand, terms)
        case ast.Constant(value=bool(value)):
            return value
        case ast.Name(id=name) if name.startswith("_"):
            return terms[int(name[1:])]
    raise NotUnderstood(type(node).__name__)
