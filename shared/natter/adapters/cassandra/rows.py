"""Rows of the conversations' tables as values: what writes them and what shows them agree on it here."""

from collections.abc import Sequence
from typing import Any

from natter.domain.conversations.members import Membership, MembershipChange, Standing
from natter.domain.conversations.rosters import Roster
from natter.domain.fold.targets import Target
from natter.domain.messages.events import Event, Head
from natter.domain.messages.states import MessageState
from natter.domain.receipts import Cursor
from natter.records.messages import load_event, load_payload
from natter.records.rosters import load_changes, load_members

BUCKET = 1000
"""Events in one partition of `events`, and messages in one of `message_states` and `reaction_marks`."""

READ_HEAD = "SELECT * FROM heads WHERE conversation_id = ?"
READ_ROSTER = "SELECT seq, changes, members FROM rosters WHERE conversation_id = ? AND seq <= ? LIMIT ?"
"""The latest comes first."""
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


def to_standing(row: Any) -> Standing:
    role = row["role"]
    if role is None or role == ERASED:
        return Standing(seq=row["seq"], membership=None, erased=role == ERASED)
    membership = Membership(role=role, joined_seq=row["joined_seq"], joined_messages=row["joined_messages"])
    return Standing(seq=row["seq"], membership=membership)


def is_whole(row: Any, first: int) -> bool:
    """Whether a row of `rosters` tells who belonged to the conversation at `first`, without those before it."""
    return row["seq"] <= first and row["members"] is not None


def to_roster(rows: Sequence[Any], first: int) -> Roster:
    """From rows of `rosters`, the latest first, down to one that is whole for `first`, or to the very first of all."""
    whole = next((index for index, row in enumerate(rows) if is_whole(row, first)), None)
    changes = [change for row in rows[: whole if whole is None else whole + 1] for change in to_changes(row)]
    if whole is None:
        return Roster(changes=changes)
    return Roster(seq=rows[whole]["seq"], members=load_members(rows[whole]["members"]), changes=changes)


def to_changes(row: Any) -> Sequence[MembershipChange]:
    return load_changes(row["changes"], seq=row["seq"])


def to_cursor(row: Any) -> Cursor:
    return Cursor(
        read_seq=row["read_seq"] or 0,
        read_messages=row["read_messages"] or 0,
        delivered_seq=row["delivered_seq"] or 0,
        written_at=row["written_at"] or 0,
        sent_seq=row["sent_seq"] or 0,
        sent_messages=row["sent_messages"] or 0,
    )
