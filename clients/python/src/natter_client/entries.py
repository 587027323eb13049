"""What may be in an outbox: JSON in UTF-8, or no frame could ever carry it."""

import json
from collections.abc import Mapping
from typing import Any


def is_sendable(entry: Mapping[str, Any]) -> bool:
    """Half a surrogate pair (undecodable bytes read without a locale) and what JSON does not know are not."""
    try:
        json.dumps(entry, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def as_refused(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**entry, "state": "refused", "error": {"code": "bad_request", "detail": "it is no Unicode text"}}
