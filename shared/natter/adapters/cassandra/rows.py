"""Rows of the conversations' tables as values: what writes them and what shows them agree on it here."""

from typing import Any

from natter.domain.conversations.members import MembershipChange
from natter.domain.fold.targets import Target
from natter.domain.messages.events import Event, Head
from natter.domain.messages.states import MessageState
from natter.domain.receipts import Cursor
from natter.records.messages import load_event, load_payload

BUCKET = 1000
"""Events in one partition of `events`, and messages in one of `message_states` and `reaction_marks`."""

READ_HEAD = "SELECT * FROM heads WHERE conversation_id = ?"
READ_MEMBERSHIPS = "SELECT user_id, seq, role, messages FROM memberships WHERE conversation_id = ?"
READ_CURSOR = "SELECT * FROM cursors WHERE conversation_id = ? AND user_id = ?"


def bucket(seq: int) -> int:
    return (seq - 1) // BUCKET


def to_head(row: Any) -> Head:
    return Head(
        conversation_id=row["conversation_id"],
        seq=row["seq"],
        messages=row["messages"],
        members_seq=row["members_seq"],
        epoch=row["log_epoch"],
        partition=row["log_partition"],
        offset=row["log_offset"],
        at=row["at"],
        written_at=row["written_at"],
        preview=load_event(row["preview"]) if row["preview"] else None,
        history=row["history"] or "joined",
        voids=row["voids"] or 0,
    )


def to_event(row: Any) -> Event:
    return Event(
        conversation_id=row["conversation_id"],
        seq=row["seq"],
        type=row["type"],
        at=row["at"],
        sender_id=row["sender_id"],
        client_id=row["client_id"],
        payload=load_payload(row["payload"]) if row["payload"] else {},
        messages=row["messages"],
        amended_by=row["amended_by"] or 0,
    )


def to_target(row: Any, state: MessageState) -> Target:
    return Target(type=row["type"], sender_id=row["sender_id"], state=state)


ERASED = "erased"
"""In the place of a role: the member is gone, and all that they have said before."""


def to_change(row: Any) -> MembershipChange:
    erased = row["role"] == ERASED
    return MembershipChange(
        user_id=row["user_id"],
        seq=row["seq"],
        role=None if erased else row["role"],
        messages=row["messages"],
        erased=erased,
    )


def to_cursor(row: Any) -> Cursor:
    return Cursor(
        read_seq=row["read_seq"] or 0,
        read_messages=row["read_messages"] or 0,
        delivered_seq=row["delivered_seq"] or 0,
        written_at=row["written_at"] or 0,
        sent_seq=row["sent_seq"] or 0,
        sent_messages=row["sent_messages"] or 0,
    )
