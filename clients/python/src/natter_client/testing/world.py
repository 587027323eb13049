"""Everything that the fake cloud knows. Nothing here waits: what is done is done before the answer."""

import itertools
import secrets
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from natter_client.errors import (
    BadCredentials,
    BadToken,
    Conflict,
    NotFound,
    NotMember,
    RateLimited,
    Unauthenticated,
    UsernameTaken,
)
from natter_client.testing.conversation import Conversation, Member
from natter_client.testing.files import Files

type Frame = dict[str, Any]

ACCESS_S = 900
TICKET_S = 30
MOST_CONNECTIONS = 20
AUDIENCE_OF_READ, AUDIENCE_OF_TYPING = 20, 100


@dataclass(frozen=True)
class Limits:
    """Per user: how many a second, and how many at once. Those of the protocol."""

    commands: tuple[float, float] = (20, 60)
    signals: tuple[float, float] = (10, 30)
    http: tuple[float, float] = (20, 100)


@dataclass
class User:
    user_id: str
    username: str
    password: str
    display_name: str
    created_at: int
    contacts: set[str] = field(default_factory=set)

    def profile(self) -> Frame:
        return {"user_id": self.user_id, "username": self.username, "display_name": self.display_name}


@dataclass
class Session:
    session_id: str
    user_id: str
    device_id: str
    access_token: str
    access_until: float
    refresh_token: str
    ended: bool = False


class Connection(Protocol):
    """A socket, as the world sees it."""

    user_id: str
    session_id: str
    state: str
    watching: frozenset[str]

    def post(self, frame: Frame) -> None:
        """Send it, soon and in order."""

    def close(self, code: int = 1000) -> None:
        """End it, after what was posted."""


class World:
    def __init__(
        self, now: Callable[[], float], limits: Limits, is_lost: Callable[[str, Frame], bool] = lambda *_: False
    ) -> None:
        """`now`: seconds since the epoch. `is_lost`: whether a frame does not reach a user."""
        self._is_lost = is_lost
        self.now = now
        self.limits = limits
        self.users: dict[str, User] = {}
        self.names: dict[str, str] = {}
        self.sessions: dict[str, Session] = {}
        self.access: dict[str, Session] = {}
        self.spent: dict[str, Session] = {}
        self.tickets: dict[str, tuple[Session, float]] = {}
        self.conversations: dict[str, Conversation] = {}
        self.files = Files(now)
        self.connections: dict[str, list[Connection]] = defaultdict(list)
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        self._numbers = itertools.count(1)

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    def fresh(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}-{secrets.token_hex(4)}"

    def take(self, user_id: str, kind: str, count: int = 1) -> None:
        """
        Raises:
            RateLimited: more than the bucket holds.
        """
        rate, burst = getattr(self.limits, kind)
        level, at = self._buckets.get((user_id, kind), (burst, self.now()))
        level = min(burst, level + max(0, self.now() - at) * rate)
        if level < count:
            self._buckets[user_id, kind] = level, self.now()
            raise RateLimited(f"too many {kind}", retry_after_s=(count - level) / rate)
        self._buckets[user_id, kind] = level - count, self.now()

    # who is who

    def sign_up(self, username: str, password: str, display_name: str) -> User:
        if username in self.names:
            raise UsernameTaken("username: taken")
        password = unicodedata.normalize("NFC", password)
        user = User(self.fresh("user"), username, password, display_name, self.now_ms())
        self.users[user.user_id] = user
        self.names[username] = user.user_id
        return user

    def sign_in(self, username: str, password: str, device_id: str | None) -> Session:
        user = self.users.get(self.names.get(username, ""))
        if user is None or user.password != unicodedata.normalize("NFC", password):
            raise BadCredentials("unknown name or wrong password")
        session = Session(self.fresh("session"), user.user_id, device_id or self.fresh("device"), "", 0, "")
        self.sessions[session.session_id] = session
        self._renew(session)
        return session

    def refresh(self, token: str) -> Session:
        """The token that died last may come once more within 10 s, as in the protocol; here it ends the session."""
        if (spent := self.spent.get(token)) is not None:
            self.end(spent)
        for session in self.sessions.values():
            if session.refresh_token == token and not session.ended:
                self.spent[token] = session
                self._renew(session)
                return session
        raise BadToken("refresh_token")

    def end(self, session: Session) -> None:
        session.ended = True
        for connection in list(self.connections[session.user_id]):
            if connection.session_id == session.session_id:
                connection.post({"type": "signed_out"})
                connection.close()

    def authenticated(self, token: str | None) -> Session:
        session = self.access.get(token or "")
        if session is None or session.ended or session.access_until <= self.now():
            raise Unauthenticated("no, expired or ended access")
        return session

    def ticket(self, session: Session) -> str:
        ticket = secrets.token_urlsafe(24)
        self.tickets[ticket] = session, self.now() + TICKET_S
        return ticket

    def redeem(self, ticket: str) -> Session | None:
        session, until = self.tickets.pop(ticket, (None, 0.0))
        return session if session is not None and not session.ended and until > self.now() else None

    def _renew(self, session: Session) -> None:
        session.access_token, session.refresh_token = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        session.access_until = self.now() + ACCESS_S
        self.access[session.access_token] = session

    # who is told

    def connect(self, connection: Connection) -> None:
        theirs = self.connections[connection.user_id]
        theirs.append(connection)
        if len(theirs) > MOST_CONNECTIONS:
            theirs[0].close()
        self.tell_presence(connection.user_id)

    def disconnect(self, connection: Connection) -> None:
        if connection in self.connections[connection.user_id]:
            self.connections[connection.user_id].remove(connection)
            self.tell_presence(connection.user_id)

    def tell(self, user_id: str, frame: Frame, *, but: Connection | None = None) -> None:
        if self._is_lost(user_id, frame):
            return
        for connection in self.connections[user_id]:
            if connection is not but:
                connection.post(frame)

    def publish(self, conversation: Conversation, *events: Frame, also: tuple[str, ...] = ()) -> None:
        """Show live events to all members, each from where they may read."""
        conversation.activity = next(self._numbers)
        for user_id in (*conversation.members, *also):
            member = conversation.members.get(user_id)
            shown = [event for event in events if member is None or event["seq"] >= member.first_seq]
            if shown:
                self.tell(user_id, {"type": "events", "conversation_id": conversation.conversation_id, "events": shown})

    def receipt(self, conversation: Conversation, user_id: str, changed: Mapping[str, int], but: Any = None) -> None:
        if not changed:
            return
        frame = {"type": "receipt", "conversation_id": conversation.conversation_id}
        self.tell(user_id, {**frame, "receipts": [{"user_id": user_id, **changed}]}, but=but)
        seen = {
            name: seq
            for name, seq in changed.items()
            if (name == "read_seq" and len(conversation.members) <= AUDIENCE_OF_READ) or conversation.kind == "direct"
        }
        for other in conversation.members:
            if seen and other != user_id:
                self.tell(other, {**frame, "receipts": [{"user_id": user_id, **seen}]})

    def presence(self, user_id: str) -> Frame:
        states = {connection.state for connection in self.connections[user_id]}
        return {
            "user_id": user_id,
            "state": "online" if "online" in states else "away" if states else "offline",
        }

    def sees(self, watcher: str, user_id: str) -> bool:
        shares = any({watcher, user_id} <= each.members.keys() for each in self.conversations.values())
        return user_id in self.users and (watcher == user_id or shares or watcher in self.users[user_id].contacts)

    def tell_presence(self, user_id: str) -> None:
        for connection in [each for theirs in self.connections.values() for each in theirs]:
            if user_id in connection.watching and self.sees(connection.user_id, user_id):
                connection.post({"type": "presence", "users": [self.presence(user_id)]})

    # conversations

    def conversation(self, conversation_id: str, user_id: str) -> Conversation:
        """
        Raises:
            NotMember: or there is none.
        """
        conversation = self.conversations.get(conversation_id)
        if conversation is None:
            raise NotMember("not a member of this conversation")
        conversation.member(user_id)
        return conversation

    def begin(
        self,
        creator: str,
        others: list[str],
        *,
        title: str | None = None,
        conversation_id: str | None = None,
        history: str | None = None,
    ) -> tuple[Conversation, bool]:
        """A direct conversation if it has no `title`; whether it is new."""
        for other in others:
            if other not in self.users:
                raise NotFound("members: unknown user")
        kind = "direct" if title is None else "group"
        pair = sorted({creator, *others})
        known = self.conversations.get(f"direct-{'-'.join(pair)}"[:64] if kind == "direct" else conversation_id or "")
        if known is not None:
            if kind == "group" and known.created_by != creator:
                raise Conflict("conversation_id: taken")
            return known, False
        at = self.now_ms()
        name = f"direct-{'-'.join(pair)}"[:64] if kind == "direct" else conversation_id or self.fresh("group")
        made = Conversation(name, kind, at, creator, title, history=history or "joined")
        for user_id in dict.fromkeys([creator, *others]):
            role = "owner" if kind == "group" and user_id == creator else "member"
            made.members[user_id] = Member(user_id, role, at, 1, 1, 1)
        self.conversations[name] = made
        roles = [{"user_id": each.user_id, "role": each.role} for each in made.members.values()]
        fields = {"kind": kind, **({"title": title} if title else {}), "members": roles}
        self.publish(made, made.append("conversation_created", creator, at, fields))
        return made, True

    def view(self, conversation: Conversation, user_id: str) -> Frame:
        """As the inbox shows it."""
        member = conversation.member(user_id)
        view = {
            "conversation_id": conversation.conversation_id,
            "kind": conversation.kind,
            "title": conversation.title,
            "avatar": conversation.avatar,
            "created_at": conversation.created_at,
            "created_by": conversation.created_by,
            "member_count": len(conversation.members),
            "first_seq": member.first_seq,
            "head": {"seq": conversation.head, "at": conversation.log[-1]["at"]},
            "role": member.role,
            "read_seq": member.read_seq,
            "unread": conversation.unread(member),
            **member.settings,
        }
        if conversation.kind == "group":
            view["history"] = conversation.history
        else:
            peer = next(each for each in conversation.members if each != user_id)
            view["peer"] = {"user_id": peer, "display_name": self.users[peer].display_name}
        for event in reversed(conversation.log[member.first_seq - 1 :]):
            if event["type"] == "message":
                shown = conversation.shown(event, user_id)
                view["last_message"] = {name: value for name, value in shown.items() if name != "reactions"}
                break
        return {name: value for name, value in view.items() if value is not None}
