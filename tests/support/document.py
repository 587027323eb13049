"""Which answers the committed OpenAPI document knows."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

_DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())
_PATHS = sorted(_DOCUMENT["paths"], key=lambda path: path.count("{"))
"""Those without variables first: `/v1/users/me` is nobody's id."""


def is_documented(method: str, path: str, status: int, code: str | None) -> bool:
    """
    Whether an operation may be answered so; `code` is that of a problem document.

    What is no operation, and what only the gateway says (an error that is no problem document), is not in it.
    """
    responses = _responses(method, path)
    if responses is None or (status >= 400 and code is None and str(status) not in responses):
        return True
    if code is None:
        return str(status) in responses
    return code in _codes(responses.get(str(status), {}))


def _responses(method: str, path: str) -> dict[str, Any] | None:
    for template in _PATHS:
        if _pattern(template).fullmatch(path.partition("?")[0]):
            operation = _DOCUMENT["paths"][template].get(method.lower())
            return None if operation is None else dict(operation["responses"])
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)))


def _codes(response: dict[str, Any]) -> list[str]:
    if "$ref" in response:
        response = _DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    problem = response.get("content", {}).get("application/problem+json")
    return [] if problem is None else list(problem["schema"]["allOf"][1]["properties"]["code"]["enum"])
