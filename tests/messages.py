"""What tests of messages share: people, a conversation, and records of its log."""

from collections.abc import Iterable, Sequence
from typing import Any

from natter.domain.connections import Connection
from natter.domain.conversations.members import History, Member, Role
from natter.domain.ids import AttachmentId, ClientId, ConnectionId, ConversationId, DeviceId, SessionId, UserId
from natter.domain.messages.commands import (
    AddMembers,
    ChangeConversation,
    ChangeRole,
    Command,
    CreateConversation,
    DeleteMessage,
    EditMessage,
    EraseMember,
    Item,
    PostMessage,
    React,
    Record,
    RemoveMember,
)
from natter.domain.messages.events import Event, Head
from natter.names import EPOCH

ANN, BOB, CID, MALLORY = map(UserId, ("ann", "bob", "cid", "mallory"))
LOBBY, KITCHEN = map(ConversationId, ("lobby", "kitchen"))
NOON = 1_800_000_000_000
ROLES: dict[UserId, Role] = {ANN: "owner", BOB: "member"}


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def attached(attachment: AttachmentId, **fields: str) -> dict[str, str]:
    return {"type": "attachment", "attachment_id": attachment, **fields}


def a_post(client_id: str, words: str = "hello", **fields: Any) -> PostMessage:
    return PostMessage(client_id=ClientId(client_id), **{"content": text(words), **fields})


def an_edit(client_id: str, target_seq: int, words: str = "hello again", **fields: Any) -> EditMessage:
    return EditMessage(client_id=ClientId(client_id), target_seq=target_seq, **{"content": text(words), **fields})


def a_reaction(client_id: str, target_seq: int, reaction: str = "👍", *, remove: bool = False) -> React:
    return React(client_id=ClientId(client_id), target_seq=target_seq, reaction=reaction, remove=remove)


def a_delete(client_id: str, target_seq: int) -> DeleteMessage:
    return DeleteMessage(client_id=ClientId(client_id), target_seq=target_seq)


def a_command(*items: Item, sender: UserId = ANN, conversation: ConversationId = LOBBY, **fields: Any) -> Command:
    return Command(conversation_id=conversation, sender_id=sender, items=items, **fields)


def created(
    roles: dict[UserId, Role] = ROLES,
    *,
    client_id: str = "row-0",
    conversation: ConversationId = LOBBY,
    history: History = "joined",
) -> Command:
    members = tuple(Member(user_id=user, role=role) for user, role in roles.items())
    item = CreateConversation(
        client_id=ClientId(client_id), kind="group", members=members, title="Lobby", history=history
    )
    return a_command(item, sender=members[0].user_id, conversation=conversation, decided=True)


def added(user: UserId, *, client_id: str, role: Role = "member") -> Command:
    item = AddMembers(client_id=ClientId(client_id), members=(Member(user_id=user, role=role),))
    return a_command(item, decided=True)


def removed(user: UserId, *, client_id: str) -> Command:
    return a_command(RemoveMember(client_id=ClientId(client_id), user_id=user), decided=True)


def erased(user: UserId, *, client_id: str) -> Command:
    return a_command(EraseMember(client_id=ClientId(client_id), user_id=user), decided=True)


def role_changed(user: UserId, role: Role, *, client_id: str) -> Command:
    return a_command(ChangeRole(client_id=ClientId(client_id), user_id=user, role=role), decided=True)


def conversation_changed(*, client_id: str, **changes: str | None) -> Command:
    return a_command(ChangeConversation(client_id=ClientId(client_id), changes=changes), decided=True)


def a_log(commands: Iterable[Command], *, at: Sequence[int] | int = NOON, first: int = 0) -> list[Record]:
    """The records of `commands`, at one time or at one each."""
    return [
        Record(
            command=command,
            epoch=EPOCH,
            partition=0,
            offset=first + index,
            at=at if isinstance(at, int) else at[index],
        )
        for index, command in enumerate(commands)
    ]


def a_connection(user: UserId, connection_id: str | None = None, *, connected_at: int = NOON) -> Connection:
    return Connection(
        user_id=user,
        device_id=DeviceId(f"{user}-phone"),
        session_id=SessionId(f"{user}-session"),
        connection_id=ConnectionId(connection_id or f"{user}-1"),
        endpoint="https://gateway.example",
        connected_at=connected_at,
    )


def an_event(seq: int, *, conversation: ConversationId = LOBBY, sender: UserId = ANN, **fields: Any) -> Event:
    made = {
        "type": "message",
        "at": NOON + seq,
        "client_id": f"m{seq}",
        "payload": {"content": text(f"message {seq}")},
        "messages": seq,
    }
    return Event(conversation_id=conversation, seq=seq, sender_id=sender, **{**made, **fields})


def a_head(seq: int, *, conversation: ConversationId = LOBBY, **fields: Any) -> Head:
    made = {"messages": seq, "epoch": EPOCH, "partition": 0, "offset": seq + 10, "at": NOON, "written_at": NOON + seq}
    return Head(conversation_id=conversation, seq=seq, **{**made, **fields})
