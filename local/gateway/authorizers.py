"""Request authorizers: identity sources, IAM policies and simple responses. No I/O."""

import fnmatch
import json
from collections.abc import Mapping, Sequence
from typing import Any

from local.model import Authorizer

from .request import Request


class RefusedError(Exception):
    """The request may not pass; `status` is 401, 403 or 500."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def identity(authorizer: Authorizer, request: Request, route_key: str) -> tuple[str, ...]:
    """
    The values of the authorizer's identity sources: what its answer may be cached under.

    Raises:
        RefusedError: 401, one of them is missing; the authorizer is not asked.
    """
    values = [_source(source, request, route_key) for source in authorizer.identity_sources]
    if not all(values):
        raise RefusedError(401, "Unauthorized")
    return tuple(value for value in values if value)


def _source(expression: str, request: Request, route_key: str) -> str | None:
    _, _, rest = expression.removeprefix("$").removeprefix("route.").partition("request.")
    kind, _, name = rest.partition(".")
    if kind == "header":
        return request.header(name)
    if kind == "querystring":
        return request.parameters.get(name, [None])[-1]
    if expression.endswith("context.routeKey"):
        return route_key
    return expression  # the rest of $context is the same for all requests, or of no use in a cache


def read_failure(payload: bytes) -> RefusedError:
    """What becomes of a request whose authorizer raised: 401 for "Unauthorized", 500 for all else."""
    try:
        message = json.loads(payload).get("errorMessage")
    except (ValueError, AttributeError):
        message = None
    return (
        RefusedError(401, "Unauthorized") if message == "Unauthorized" else RefusedError(500, "Internal server error")
    )


def read_policy(payload: bytes, resource: str) -> dict[str, Any]:
    """
    The context that an IAM policy answer (`principalId`, `policyDocument`, `context`) grants, values as strings.

    Raises:
        RefusedError: 403 if the policy does not allow `resource`, 500 if the answer is malformed.
    """
    try:
        answer = json.loads(payload)
        statements = answer["policyDocument"]["Statement"]
        effects = {statement["Effect"] for statement in _many(statements) if _covers(statement, resource)}
        context = {name: _context_value(value) for name, value in (answer.get("context") or {}).items()}
        principal = str(answer["principalId"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RefusedError(500, "Internal server error") from error
    if "Deny" in effects:
        raise RefusedError(403, "User is not authorized to access this resource with an explicit deny")
    if "Allow" not in effects:
        raise RefusedError(403, "User is not authorized to access this resource")
    return {**context, "principalId": principal}


def read_simple(payload: bytes) -> dict[str, Any]:
    """
    The context that a simple response (`isAuthorized`, `context`) grants.

    Raises:
        RefusedError: 403 if it is refused, 500 if the answer is malformed.
    """
    try:
        answer = json.loads(payload)
        allowed, context = answer["isAuthorized"], answer.get("context") or {}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RefusedError(500, "Internal server error") from error
    if allowed is not True:
        raise RefusedError(403, "Forbidden")
    return dict(context)


def _covers(statement: Mapping[str, Any], resource: str) -> bool:
    actions = _many(statement.get("Action", ()))
    resources = _many(statement.get("Resource", ()))
    return any(fnmatch.fnmatchcase("execute-api:invoke", action.lower()) for action in actions) and any(
        fnmatch.fnmatchcase(resource, pattern.replace("[", "[[]")) for pattern in resources
    )


def _many(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _context_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError("an authorizer's context holds strings, numbers and booleans")
