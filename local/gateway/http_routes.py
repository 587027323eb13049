"""Which route of an HTTP API a request takes. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass

from local.model import Route


@dataclass(frozen=True, slots=True)
class Match:
    route: Route
    path_parameters: dict[str, str]


class RouteTable:
    """
    The routes, most specific first: fixed segments before variables before a greedy variable, a method before ANY.

    `$default` takes what no other route does.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._default: Route | None = None
        entries: list[tuple[tuple[object, ...], str, tuple[str, ...], Route]] = []
        for route in routes:
            if route.key == "$default":
                self._default = route
                continue
            method, path = route.key.split(" ", 1)
            segments = _segments(path)
            rank = (tuple(_rank(segment) for segment in segments), method == "ANY")
            entries.append((rank, method, segments, route))
        self._entries = [entry[1:] for entry in sorted(entries, key=lambda entry: entry[0])]

    def find(self, method: str, path: str) -> Match | None:
        """The route of a request; `path` without the stage, its percent-encoding undone."""
        segments = _segments(path)
        for wanted, pattern, route in self._entries:
            if wanted in (method, "ANY") and (parameters := _match(pattern, segments)) is not None:
                return Match(route, parameters)
        return Match(self._default, {}) if self._default else None


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix("/").split("/"))


def _rank(segment: str) -> int:
    if not segment.startswith("{"):
        return 0
    return 2 if segment.endswith("+}") else 1


def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for index, part in enumerate(pattern):
        if index >= len(segments):
            return None
        if part.endswith("+}"):
            rest = "/".join(segments[index:])
            return {**parameters, part[1:-2]: rest} if rest else None
        if part.startswith("{"):
            if not segments[index]:
                return None
            parameters[part[1:-1]] = segments[index]
        elif part != segments[index]:
            return None
    return parameters if len(pattern) == len(segments) else None
