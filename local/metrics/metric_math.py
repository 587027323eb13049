"""
CloudWatch's metric math, as far as alarms usually need it. No I/O, and no `eval`: an expression is parsed with `ast`,
of which only the nodes and functions named here are understood.

Missing values count as 0 where two series meet of which one has a value; what is divided by zero is dropped.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import math
import operator
import re
from collections.abc import Mapping
from typing import Never

from .series import NotUnderstood, Operation, Series, Value, apply, join, negative

LONGEST = 2048
"""Characters of an expression."""
_WRITTEN = {"^": "**", "&&": " and ", "AND": " and ", "||": " or ", "OR": " or "}
_FOREIGN = re.compile(r"""("[^"]*"|'[^']*')|\^|&&|\|\||\b(?:AND|OR)\b""")
_OPERATIONS: Mapping[type[ast.AST], Operation] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.And: lambda left, right: bool(left and right),
    ast.Or: lambda left, right: bool(left or right),
}


class Formula:
    """What an alarm watches: a metric or an expression of its, by its id. Expressions may refer to each other."""

    def __init__(self, watched: str, expressions: Mapping[str, str], periods: Mapping[str, int]) -> None:
        """
        `periods`: seconds, of each metric.

        Raises:
            NotUnderstood: what is watched is not, or is not one series in the end.
        """
        self._watched = watched
        self._trees = {name: _parse(text) for name, text in expressions.items()}
        self._periods = periods
        try:
            self(dict.fromkeys(periods, (1.0, None)))
        except RecursionError:
            raise NotUnderstood("expressions that refer to themselves, or are too deep") from None

    def __call__(self, metrics: Mapping[str, Series]) -> Series:
        """Its values, given those of all metrics, which are equally many."""
        value = _Evaluation(self._trees, metrics, self._periods).visit(ast.Name(self._watched))
        if not isinstance(value, tuple):
            raise NotUnderstood(f"{self._watched} is not one series")
        return value


def _parse(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise NotUnderstood(f"an expression of more than {LONGEST} characters")
    python = _FOREIGN.sub(lambda found: found.group(1) or _WRITTEN[found.group()], text.strip())
    try:
        return ast.parse(python, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotUnderstood(text) from error


class _Evaluation(ast.NodeVisitor):
    """The value of each node. All parts are looked at, whatever the values, so that nothing unknown hides."""

    def __init__(
        self, trees: Mapping[str, ast.expr], metrics: Mapping[str, Series], periods: Mapping[str, int]
    ) -> None:
        self._trees = trees
        self._metrics = metrics
        self._periods = periods

    def visit(self, node: ast.AST) -> Value:
        value: Value = super().visit(node)
        return value

    def generic_visit(self, node: ast.AST) -> Never:
        raise NotUnderstood(type(node).__name__)

    def visit_Constant(self, node: ast.Constant) -> float:
        if type(node.value) not in {int, float}:
            raise NotUnderstood(repr(node.value))
        try:
            return float(node.value)  # type: ignore[arg-type]
        except OverflowError:
            raise NotUnderstood("a number of this size") from None

    def visit_Name(self, node: ast.Name) -> Value:
        if node.id in self._metrics:
            return self._metrics[node.id]
        if node.id in self._trees:
            return self.visit(self._trees[node.id])
        raise NotUnderstood(node.id)

    def visit_List(self, node: ast.List) -> list[Series]:
        found: list[Series] = []
        for value in map(self.visit, node.elts):
            if isinstance(value, float):
                raise NotUnderstood("a number among series")
            found += value if isinstance(value, list) else [value]
        if not found:
            raise NotUnderstood("an empty array")
        return found

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Value:
        if not isinstance(node.op, ast.USub):
            raise NotUnderstood(type(node.op).__name__)
        return negative(self.visit(node.operand))

    def visit_BinOp(self, node: ast.BinOp) -> Value:
        return self._joined(node.op, node.left, node.right)

    def visit_Compare(self, node: ast.Compare) -> Value:
        if len(node.ops) > 1:
            raise NotUnderstood("comparisons in a row")
        return self._joined(node.ops[0], node.left, node.comparators[0])

    def visit_BoolOp(self, node: ast.BoolOp) -> Value:
        return self._joined(node.op, *node.values)

    def visit_Call(self, node: ast.Call) -> Value:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise NotUnderstood(ast.unparse(node))
        value: Value
        match node.func.id, node.args:
            case "METRICS", []:
                value = self._metrics_with("")
            case "METRICS", [ast.Constant(value=str(part))]:
                value = self._metrics_with(part)
            case "PERIOD", [ast.Name(id=name)] if name in self._periods:
                value = float(self._periods[name])
            case "FILL", [argument, ast.Name(id="REPEAT" | "LINEAR" as way)]:
                value = apply(f"FILL {way}", [self.visit(argument)])
            case name, arguments:
                value = apply(name, [self.visit(argument) for argument in arguments])
        return value

    def _metrics_with(self, part: str) -> list[Series]:
        """Of all metrics, those with this part in their ids; no expressions."""
        found = [series for name, series in self._metrics.items() if part in name]
        if not found:
            raise NotUnderstood(f"METRICS of nothing ({part!r})")
        return found

    def _joined(self, sign: ast.AST, *operands: ast.expr) -> Value:
        if type(sign) not in _OPERATIONS:
            raise NotUnderstood(type(sign).__name__)
        first, *others = map(self.visit, operands)
        for other in others:
            first = join(_OPERATIONS[type(sign)], first, other)
        return first
