"""Bodies of the HTTP API of conversations that concern how far members have come."""

from collections.abc import Sequence
from typing import Self

from natter.domain.ids import UserId
from natter.domain.receipts import Progress
from natter.wire.base import Seq, WireModel


class ReadBody(WireModel):
    """Everything up to and including `seq` was read."""

    seq: Seq


class CursorItem(WireModel):
    user_id: UserId
    read_seq: int
    delivered_seq: int


class CursorsAnswer(WireModel):
    items: tuple[CursorItem, ...]

    @classmethod
    def of(cls, progress: Sequence[Progress]) -> Self:
        return cls(
            items=tuple(
                CursorItem(user_id=each.user_id, read_seq=each.read_seq or 0, delivered_seq=each.delivered_seq or 0)
                for each in progress
            )
        )
