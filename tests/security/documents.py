"""The operations and actions that the committed documents name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
_openapi = json.loads((DOCS / "openapi.json").read_text())
_asyncapi = json.loads((DOCS / "asyncapi.json").read_text())

OPERATIONS: Mapping[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, operations in _openapi["paths"].items()
    for method, operation in operations.items()
}
"""By method and path."""

ACTIONS = sorted(name.removeprefix("client.") for name in _asyncapi["operations"] if name.startswith("client."))


def is_open(operation: str) -> bool:
    return OPERATIONS[operation].get("security") == []
