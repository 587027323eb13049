"""What requests for lists, and paths to what is in them, have in common."""

import re
from typing import Annotated

from pydantic import Field

from natter.domain.errors import NotFound
from natter.domain.ids import ID_PATTERN, DeviceId, UserId
from natter.wire.base import FROM_DIGITS, WireModel

QueryLimit = Annotated[int, Field(ge=1, le=200), FROM_DIGITS]


class ListQuery(WireModel):
    limit: QueryLimit = 50
    cursor: Annotated[str, Field(max_length=256)] | None = None


def user_in_path(text: str) -> UserId:
    """
    The user whom a path names.

    Raises:
        NotFound: nobody can have such an id.
    """
    if re.fullmatch(ID_PATTERN, text) is None:
        raise NotFound("there is no such user")
    return UserId(text)


def device_in_path(text: str) -> DeviceId:
    """
    The device that a path names.

    Raises:
        NotFound: none can have such an id.
    """
    if re.fullmatch(ID_PATTERN, text) is None:
        raise NotFound("there is no such device")
    return DeviceId(text)
