"""People of whom it is to be told how far they have read."""

import json
from typing import Any

from natter.domain.connections import Connection
from natter.domain.conversations.records import CreateRequest
from natter.domain.ids import ConnectionId, ConversationId, DeviceId, UserId
from natter.domain.receipts import Cursor, Receipt, ReceiptRecord
from tests.chat import Chat
from tests.messages import NOON, a_connection, a_post


class Stage:
    """Ann, Bob and Cid in a group whose head is at 5, after four messages of Ann's."""

    def __init__(self) -> None:
        self.chat = Chat()
        self.ann, self.bob, self.cid = map(self.chat.person, ("ann", "bob", "cid"))
        self.lobby = self.chat.group(self.ann, self.bob, self.cid)
        self.fold = self.chat.fold_receipts
        self.speak(self.lobby)

    def speak(self, conversation: ConversationId) -> None:
        self.chat.say(conversation, self.ann, *(a_post(f"m{number}") for number in range(4)))

    def direct(self) -> ConversationId:
        view, _ = self.chat.create(CreateRequest(creator=self.ann, kind="direct", members=(self.bob,)))
        self.chat.fold()
        conversation = view.record.conversation_id
        self.speak(conversation)
        return conversation

    def connect(self, user: UserId, name: str | None = None) -> Connection:
        connection = a_connection(user, name)
        self.chat.registry.register(connection)
        return connection

    def told(self, connection: Connection) -> list[Any]:
        """The receipts that were shown since it was asked last."""
        frames = [json.loads(frame) for frame in self.chat.gateway.frames.pop(connection.connection_id, [])]
        return [
            {"in": frame["conversation_id"]} | item
            for frame in frames
            if frame["type"] == "receipt"
            for item in frame["receipts"]
        ]

    def cursor(self, user: UserId, conversation: ConversationId | None = None) -> Cursor:
        key = conversation or self.lobby, user
        return self.chat.tables.cursors([key]).get(key, Cursor())

    def record(
        self,
        user: UserId,
        *,
        read: int = 0,
        delivered: int = 0,
        by: Connection | None = None,
        conversation: ConversationId | None = None,
        on: str | None = None,
    ) -> ReceiptRecord:
        receipt = Receipt(
            conversation_id=conversation or self.lobby,
            user_id=user,
            read_seq=read,
            delivered_seq=delivered,
            connection_id=by.connection_id if by else ConnectionId("somewhere"),
            device_id=None if on is None else DeviceId(on),
        )
        return ReceiptRecord(receipt=receipt, at=NOON)
