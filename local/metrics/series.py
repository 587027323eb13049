"""
What metric math computes with: numbers, series, arrays of series. No I/O.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

type Series = tuple[float | None, ...]
"""A value for each period, the oldest first; None where there is none."""
type Value = float | Series | list[Series]
type Operation = Callable[[float, float], float | bool]

_EACH: Mapping[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}


class NotUnderstood(Exception):
    """The expression is none, or asks for more than is known here; the message says what."""


def apply(name: str, values: Sequence[Value]) -> Value:
    """
    A function by its name, which for FILL includes the way.

    Raises:
        NotUnderstood: there is no such function of these values.
    """
    result: Value
    match name, values:
        case "SUM" | "AVG" | "MIN" | "MAX", [value]:
            result = _reduced(name, value)
        case "ABS" | "CEIL" | "FLOOR", [value]:
            result = _each(_EACH[name], value)
        case "FILL REPEAT", [value]:
            result = _over(_repeated, value)
        case "FILL LINEAR", [value]:
            result = _over(_interpolated, value)
        case "FILL", [value, filler]:
            result = _filled(value, filler)
        case "IF", [condition, then]:
            result = _if(condition, then, None)
        case "IF", [condition, then, otherwise]:
            result = _if(condition, then, otherwise)
        case _:
            raise NotUnderstood(f"{name} of {len(values)} values")
    return result


def negative(value: Value) -> Value:
    return _each(lambda number: -number, value)


def join(operation: Operation, left: Value, right: Value) -> Value:
    if isinstance(left, list):
        if isinstance(right, list):
            raise NotUnderstood("two arrays")
        return [_joined(operation, series, right) for series in left]
    if isinstance(right, list):
        return [_joined(operation, left, series) for series in right]
    if isinstance(left, float) and isinstance(right, float):
        result = _safely(operation, left, right)
        return math.nan if result is None else result
    return _joined(operation, left, right)


def _joined(operation: Operation, left: float | Series, right: float | Series) -> Series:
    """Of two series, the value that one of them lacks is 0. A number goes with the values that a series has."""
    if isinstance(left, float):
        assert isinstance(right, tuple)
        left = tuple(None if point is None else left for point in right)
    elif isinstance(right, float):
        right = tuple(None if point is None else right for point in left)
    return tuple(
        None if one is None and two is None else _safely(operation, one or 0.0, two or 0.0)
        for one, two in zip(left, right, strict=True)
    )


def _safely(operation: Operation, left: float, right: float) -> float | None:
    """None: not a number, as after a division by zero."""
    try:
        result = float(operation(left, right))
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return result if math.isfinite(result) else None


def _over(function: Callable[[Series], Series], value: Value) -> Value:
    """Of a series, or of each of an array."""
    if isinstance(value, float):
        raise NotUnderstood("a number where a series is expected")
    return [function(series) for series in value] if isinstance(value, list) else function(value)


def _each(function: Callable[[float], float], value: Value) -> Value:
    """Of a number, or of each value."""
    if isinstance(value, float):
        return float(function(value)) if math.isfinite(value) else value
    return _over(lambda series: tuple(None if point is None else float(function(point)) for point in series), value)


def _reduced(name: str, value: Value) -> Value:
    """Of an array a series, point by point; of a series a number."""
    if isinstance(value, float):
        raise NotUnderstood(f"{name} of a number")
    if isinstance(value, list):
        return tuple(_reduce(name, points) for points in zip(*value, strict=True))
    result = _reduce(name, value)
    return math.nan if result is None else result


def _reduce(name: str, points: Series) -> float | None:
    """Without values there is none. Missing ones count as 0 in AVG."""
    present = [point for point in points if point is not None]
    if not present:
        return None
    match name:
        case "SUM":
            return math.fsum(present)
        case "AVG":
            return math.fsum(present) / len(points)
    return min(present) if name == "MIN" else max(present)


def _filled(value: Value, filler: Value) -> Value:
    if isinstance(filler, list):
        raise NotUnderstood("FILL with an array")
    return _over(
        lambda series: tuple(
            other if point is None else point for point, other in zip(series, _spread(filler, len(series)), strict=True)
        ),
        value,
    )


def _if(condition: Value, then: Value, otherwise: Value | None) -> Series:
    """Where the condition has no value, or what it chooses has none, there is none; but 0 for a missing `then`."""
    length = next((len(value) for value in (condition, then, otherwise) if isinstance(value, tuple)), None)
    if length is None:
        raise NotUnderstood("IF of numbers only")
    columns = (_spread(value, length) for value in (condition, then, otherwise))
    return tuple(
        None if holds is None else (yes or 0.0) if holds else no for holds, yes, no in zip(*columns, strict=True)
    )


def _spread(value: Value | None, length: int) -> Series:
    if isinstance(value, list):
        raise NotUnderstood("an array where one series is expected")
    if isinstance(value, tuple):
        return value
    return (None if value is None or math.isnan(value) else value,) * length


def _repeated(series: Series) -> Series:
    filled: list[float | None] = []
    for point in series:
        filled.append(filled[-1] if point is None and filled else point)
    return tuple(filled)


def _interpolated(series: Series) -> Series:
    """On the line between the values around; beyond the outermost there is nothing to go by."""
    filled = list(series)
    known = [(place, point) for place, point in enumerate(series) if point is not None]
    for (left, begin), (right, end) in pairwise(known):
        for place in range(left + 1, right):
            filled[place] = begin + (end - begin) * (place - left) / (right - left)
    return tuple(filled)
