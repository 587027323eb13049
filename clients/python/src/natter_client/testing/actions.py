"""What the fake cloud does with a frame: the answer to it, or what it is refused with."""

import json
from typing import Any

from natter_client.errors import BadRequest, NatterError, NotFound, UnknownAction
from natter_client.testing.conversation import Conversation
from natter_client.testing.fields import Fields
from natter_client.testing.world import AUDIENCE_OF_TYPING, Connection, Frame, World

COMMANDS = {"send": "message", "edit": "edit", "delete": "delete", "react": "reaction"}
SIGNALS = {"read", "delivered", "typing", "watch", "status", "ping"}
TYPING_S = 2.0


def size_of(content: object) -> int:
    """Bytes of JSON."""
    return len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


class Actions:
    def __init__(self, world: World) -> None:
        self._world = world
        self._typed: dict[tuple[str, str], float] = {}

    def __call__(self, frame: Any, connection: Connection) -> list[Frame]:
        """
        What this connection is answered, at once or by the fold; the others are told by and by.

        Raises:
            NatterError
        """
        if not isinstance(frame, dict):
            self._world.take(connection.user_id, "signals")
            raise BadRequest("a frame must be an object")
        action = frame.get("action")
        if not isinstance(action, str) or (action not in COMMANDS and action not in SIGNALS):
            self._world.take(connection.user_id, "signals")
            raise UnknownAction("action: unknown") if isinstance(action, str) else BadRequest("action: must be a text")
        messages = frame.get("messages")
        count = len(messages) if action == "send" and isinstance(messages, list) and messages else 1
        self._world.take(connection.user_id, "commands" if action in COMMANDS else "signals", count)
        fields = Fields(frame)
        request = fields.id("id") if "id" in fields.values else None
        if action in COMMANDS:
            return self._command(action, fields, request, connection)
        answer = self._signal(action, fields, request, connection)
        return [answer] if answer is not None else []

    def _command(self, action: str, fields: Fields, request: str | None, connection: Connection) -> list[Frame]:
        conversation_id = fields.id("conversation_id")
        asked = self._messages(fields) if action == "send" else [self._amendment(action, fields)]
        conversation = self._world.conversation(conversation_id, connection.user_id)
        for number, each in enumerate(asked):
            where = f"messages.{number}." if action == "send" else ""
            self._check_file(conversation, connection.user_id, each, where)
        at = self._world.now_ms()
        answers: list[Frame] = [
            {
                "type": "ack",
                "conversation_id": conversation_id,
                "accepted": [{"client_id": each["client_id"], "at": at} for each in asked],
                **({"id": request} if request else {}),
            }
        ]
        new: list[Frame] = []
        for each in asked:
            try:
                event, is_new = conversation.decide(COMMANDS[action], connection.user_id, at, each)
            except NatterError as error:
                answers.append(refusal(error, conversation_id=conversation_id, client_ids=[each["client_id"]]))
                continue
            if is_new:
                new.append(event)
            else:
                answers.append({"type": "events", "conversation_id": conversation_id, "events": [event]})
        self._world.publish(conversation, *new)
        return answers

    def _check_file(self, conversation: Conversation, sender: str, asked: Frame, where: str) -> None:
        """
        That a file which is to be shown may be; a repetition shows nothing.

        Raises:
            NotFound
        """
        attachment_id = asked.get("content", {}).get("attachment_id")
        known = conversation.outcome(sender, asked["client_id"], self._world.now_ms())
        if attachment_id is None or isinstance(known, int):
            return
        try:
            self._world.files.check(attachment_id, conversation, sender)
        except NotFound as error:
            raise NotFound(f"{where}{error.detail}") from None

    def _messages(self, fields: Fields) -> list[Frame]:
        asked: list[Frame] = []
        for number, each in enumerate(fields.items("messages", 1, 20)):
            message = Fields(each, f"messages.{number}.")
            found: Frame = {"client_id": message.id("client_id"), "content": _content(message)}
            if "reply_to" in message.values:
                found["reply_to"] = message.integer("reply_to", 1)
            if mentions := message.ids("mentions", 0, 100, optional=True):
                found["mentions"] = mentions
            asked.append(found)
        if len({each["client_id"] for each in asked}) < len(asked):
            raise BadRequest("messages: client_id: must be distinct within a frame")
        return asked

    def _amendment(self, action: str, fields: Fields) -> Frame:
        found: Frame = {"client_id": fields.id("client_id"), "target_seq": fields.integer("target_seq", 1)}
        if action == "edit":
            found["content"] = _content(fields)
        if action == "react":
            found["reaction"] = fields.line("reaction", 32)
            if fields.flag("remove"):
                found["removed"] = True
        return found

    def _signal(self, action: str, fields: Fields, request: str | None, connection: Connection) -> Frame | None:
        match action:
            case "read" | "delivered":
                conversation_id, seq = fields.id("conversation_id"), fields.integer("seq", 1)
                conversation = self._world.conversation(conversation_id, connection.user_id)
                member = conversation.member(connection.user_id)
                changed = conversation.read(member, seq, delivered_only=action == "delivered")
                self._world.receipt(conversation, connection.user_id, changed, but=connection)
            case "typing":
                self._type(fields.id("conversation_id"), fields.choice("state", "started", "stopped"), connection)
            case "watch":
                connection.watching = frozenset(fields.ids("user_ids", 0, 100))
                users = [
                    self._world.presence(each)
                    for each in sorted(connection.watching)
                    if self._world.sees(connection.user_id, each)
                ]
                return {"type": "presence", "users": users, **({"id": request} if request else {})}
            case "status":
                connection.state = fields.choice("state", "online", "away")
                self._world.tell_presence(connection.user_id)
        if request is None:
            return None
        if action == "ping":
            return {"type": "pong", "id": request, "at": self._world.now_ms()}
        return {"type": "ok", "id": request}

    def _type(self, conversation_id: str, state: str, connection: Connection) -> None:
        conversation = self._world.conversation(conversation_id, connection.user_id)
        key, now = (connection.user_id, conversation_id), self._world.now()
        if now - self._typed.get(key, -TYPING_S) < TYPING_S or len(conversation.members) > AUDIENCE_OF_TYPING:
            return
        self._typed[key] = now
        frame = {"type": "typing", "conversation_id": conversation_id, "user_id": connection.user_id, "state": state}
        for other in conversation.members:
            if other != connection.user_id:
                self._world.tell(other, frame)


def refusal(error: NatterError, **fields: Any) -> Frame:
    """The `error` frame."""
    frame = {"type": "error", "code": error.code, "detail": error.detail, **fields}
    if error.retryable:
        frame["retry_after_ms"] = int(1000 * (error.retry_after_s or 0)) + 1
    return {name: value for name, value in frame.items() if value is not None}


def refusal_of(error: NatterError, frame: Any) -> Frame:
    """The answer to `frame`, of any shape: what can be recognised of it comes back."""
    fields = frame if isinstance(frame, dict) else {}
    messages = fields.get("messages")
    sent = messages if isinstance(messages, list) else [fields]
    client_ids = [each.get("client_id") for each in sent if isinstance(each, dict)]
    return refusal(
        error,
        id=_text(fields.get("id")),
        conversation_id=_text(fields.get("conversation_id")),
        client_ids=[each[:64] for each in client_ids if isinstance(each, str)] or None,
    )


def _content(fields: Fields) -> Frame:
    return fields.content(size_of(fields.values.get("content")))


def _text(value: object) -> str | None:
    return value[:64] if isinstance(value, str) else None
