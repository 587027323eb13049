"""Routes of an HTTP API, as its handlers declare them: what is called is what is documented (docs/openapi.json)."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from natter.domain.errors import (
    BadRequest,
    Internal,
    NatterError,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from natter.entrypoints.answers import Answer
from natter.entrypoints.request import Request

type Handler = Callable[..., BaseModel | Answer[Any] | None]
"""
Takes the request; and, if it has parameters of these names, `body` and `query`, parsed as the models that they are
annotated with.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One operation: how it is called, and all that it answers."""

    method: str
    path: str
    """`<name>` is a variable."""
    open: bool
    """Whether it is for everybody; else who asks is known, and counted, before anything else is looked at."""
    handler: Handler
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    answer: type[BaseModel] | None
    status: int
    also: tuple[int, ...]
    """Other statuses that its answer may have."""
    raises: tuple[type[NatterError], ...]
    """What it may refuse with, beyond what every route of its kind may."""

    @classmethod
    def of(cls, method: str, path: str, handler: Handler, **fields: Any) -> "Route":
        """
        Raises:
            TypeError: the handler has a parameter that no request fills.
        """
        signature = inspect.signature(handler)
        _, *parameters = signature.parameters.values()
        models = {parameter.name: parameter.annotation for parameter in parameters}
        if unknown := models.keys() - {"body", "query"}:
            raise TypeError(f"{handler.__name__}: nothing fills {', '.join(unknown)}")
        answer = signature.return_annotation
        if get_origin(answer) is Answer:
            (answer,) = get_args(answer)
        if isinstance(answer, UnionType):  # of a body, or none
            (answer,) = set(get_args(answer)) - {NoneType}
        return cls(
            method=method,
            path=path,
            handler=handler,
            body=models.get("body"),
            query=models.get("query"),
            answer=None if answer is NoneType else answer,
            **fields,
        )

    @property
    def name(self) -> str:
        """As it is documented and measured."""
        return f"{self.method} {re.sub(r'<(\w+)>', r'{\1}', self.path)}"

    @property
    def methods(self) -> tuple[str, ...]:
        """HEAD goes with GET (RFC 9110, 9.3.2)."""
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)

    def is_at(self, path: str) -> bool:
        """Whether it is found at this path, by whatever method."""
        return re.fullmatch(re.sub(r"<\w+>", "[^/]+", re.escape(self.path)), path) is not None

    @property
    def revalidates(self) -> bool:
        """Whether a client may keep the answer, and ask whether it is still so."""
        return self.method == "GET" and self.status == HTTPStatus.OK

    @property
    def errors(self) -> tuple[type[NatterError], ...]:
        """All that it may refuse with."""
        shared: list[type[NatterError]] = [Unavailable, Internal]
        if not self.open:
            shared += [Unauthenticated, RateLimited]
        if self.body is not None:
            shared += [BadRequest, TooLarge]
        if self.query is not None:
            shared += [BadRequest]
        if "<" in self.path:
            shared += [NotFound]  # what no id looks like makes another path
        return tuple(dict.fromkeys([*shared, *self.raises]))

    def call(self, request: Request) -> BaseModel | Answer[Any] | None:
        """
        Raises:
            Unauthenticated, RateLimited: before anything is read.
            BadRequest, TooLarge: body or query are not as declared; names the field.
        """
        if not self.open:
            _ = request.principal
        arguments: Mapping[str, BaseModel] = {
            **({} if self.body is None else {"body": request.parse(self.body)}),
            **({} if self.query is None else {"query": request.query(self.query)}),
        }
        return self.handler(request, **arguments)
