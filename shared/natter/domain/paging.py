"""Opaque cursors of lists: the place after which a list goes on."""

import base64
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from natter.domain.errors import BadRequest
from natter.domain.ids import ID_PATTERN


def encode_cursor(*place: str | int) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def decode_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """
    The place that `encode_cursor` was given; its values are of `kinds`: ids, and integers from 0 that JSON keeps exact.

    Raises:
        BadRequest: it is not one of ours.
    """
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError as error:
        raise BadRequest("cursor: not one of ours") from error
    if not isinstance(place, list) or tuple(map(type, place)) != kinds or not all(map(_may_be_ours, place)):
        raise BadRequest("cursor: not one of ours")
    return tuple(place)


def _may_be_ours(value: str | int) -> bool:
    """Else a store would be asked for what it cannot hold."""
    return 0 <= value < 2**53 if isinstance(value, int) else re.fullmatch(ID_PATTERN, value) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page[Item]:
    """Some of a list."""

    items: Sequence[Item]
    next_cursor: str | None


def page_by_id[Item, Id: str](
    read: Callable[[Id | None, int], Sequence[Item]],
    id_of: Callable[[Item], Id],
    make_id: Callable[[str], Id],
    *,
    limit: int,
    cursor: str | None,
) -> Page[Item]:
    """
    A page of a list in the order of its items' ids: nobody is missed or listed twice while others come and go.

    `read` is given the id behind which to begin, and how many to read.

    Raises:
        BadRequest: the cursor is not one of ours.
    """
    found = read(None if cursor is None else make_id(*decode_cursor(cursor, str)), limit + 1)
    items = found[:limit]
    return Page(items=items, next_cursor=encode_cursor(id_of(items[-1])) if len(found) > limit else None)
