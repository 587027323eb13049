"""The fake cloud's HTTP API: what of the protocol a client core needs, and members and profiles."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from natter_client.errors import BadRequest, Forbidden, LastOwner, MethodNotAllowed, NotFound
from natter_client.testing.conversation import Conversation, Member
from natter_client.testing.fields import Fields
from natter_client.testing.files import LINK_S
from natter_client.testing.world import ACCESS_S, TICKET_S, Session, World

PAGE_BYTES = 1 << 20
SYNCED_AT_ONCE = 200
FEW = 20


@dataclass(frozen=True)
class Request:
    body: Any
    query: Mapping[str, str]
    session: Session | None
    path: tuple[str, ...]
    """What stood in the path's variable places."""
    accept: str = ""

    @property
    def user_id(self) -> str:
        assert self.session is not None
        return self.session.user_id


class Answer(NamedTuple):
    status: int
    body: Any = None
    headers: Mapping[str, str] | None = None


type Route = Callable[[Request], Answer]


class Routes:
    def __init__(self, world: World, socket_url: Callable[[str], str], files_url: Callable[[], str] = str) -> None:
        """`socket_url`: of a ticket. `files_url`: where forms are posted, and files are, by `?link=`."""
        self._world = world
        self._socket_url, self._files_url = socket_url, files_url
        any_id = "([^/]+)"
        inside = f"/v1/conversations/{any_id}"
        self._open: dict[tuple[str, str], Route] = {
            ("POST", "/v1/users"): self.sign_up,
            ("POST", "/v1/sessions"): self.sign_in,
            ("POST", "/v1/sessions/refresh"): self.refresh,
            ("GET", "/v1/health"): lambda _: Answer(200, {"status": "ok", "version": "fake"}),
        }
        self._closed: dict[tuple[str, str], Route] = {
            ("DELETE", f"/v1/sessions/{any_id}"): self.sign_out,
            ("POST", "/v1/tickets"): self.ticket,
            ("GET", "/v1/users/me"): self.me,
            ("PATCH", "/v1/users/me"): self.rename,
            ("GET", f"/v1/users/{any_id}"): self.profile,
            ("GET", "/v1/users"): self.find,
            ("PUT", f"/v1/contacts/{any_id}"): self.add_contact,
            ("GET", "/v1/presence"): self.presence,
            ("POST", "/v1/conversations"): self.begin,
            ("GET", "/v1/conversations"): self.inbox,
            ("GET", inside): lambda request: Answer(200, self._view(request)),
            ("PATCH", f"{inside}/me"): self.change_settings,
            ("GET", f"{inside}/members"): self.members,
            ("POST", f"{inside}/members"): self.add_members,
            ("DELETE", f"{inside}/members/{any_id}"): self.remove_member,
            ("GET", f"{inside}/events"): self.history,
            ("GET", f"{inside}/cursors"): self.cursors,
            ("POST", f"{inside}/attachments"): self.announce,
            ("GET", f"{inside}/attachments/{any_id}"): self.link,
            ("PUT", f"{inside}/read"): self.read,
            ("POST", "/v1/sync"): self.sync,
        }

    def __call__(
        self, method: str, path: str, query: Mapping[str, str], body: Any, token: str | None, *, accept: str = ""
    ) -> Answer:
        """
        Raises:
            NatterError
        """
        methods = set()
        for routes, is_open in ((self._open, True), (self._closed, False)):
            for (known, pattern), route in routes.items():
                found = re.fullmatch(pattern, path)
                if found is None:
                    continue
                methods.add(known)
                if known != method:
                    continue
                session = None if is_open else self._world.authenticated(token)
                if session is not None:
                    self._world.take(session.user_id, "http")
                return route(Request(body, query, session, found.groups(), accept))
        if methods:
            raise MethodNotAllowed(", ".join(sorted(methods)))
        raise NotFound("there is nothing at this path")

    # accounts

    def sign_up(self, request: Request) -> Answer:
        fields = Fields(request.body)
        username = fields.text("username", 3, 32)
        if not re.fullmatch("[a-z0-9_.]+", username):
            raise fields.wrong("username", "must be of a-z 0-9 _ .")
        password = fields.text("password", 10, 128)
        name = fields.line("display_name") if "display_name" in fields.values else username
        user = self._world.sign_up(username, password, name)
        return Answer(201, {**user.profile(), "created_at": user.created_at})

    def sign_in(self, request: Request) -> Answer:
        fields = Fields(request.body)
        device = fields.inner("device") if "device" in fields.values else None
        device_id = device.id("device_id") if device and "device_id" in device.values else None
        session = self._world.sign_in(fields.text("username", 1, 32), fields.text("password", 1, 128), device_id)
        return Answer(201, _pair(session))

    def refresh(self, request: Request) -> Answer:
        return Answer(200, _pair(self._world.refresh(Fields(request.body).text("refresh_token", 1, 2048))))

    def sign_out(self, request: Request) -> Answer:
        name = request.path[0]
        session = request.session if name == "current" else self._world.sessions.get(name)
        if session is None or session.user_id != request.user_id:
            raise NotFound("session_id")
        self._world.end(session)
        return Answer(204)

    def ticket(self, request: Request) -> Answer:
        assert request.session is not None
        ticket = self._world.ticket(request.session)
        return Answer(201, {"ticket": ticket, "expires_in": TICKET_S, "url": self._socket_url(ticket)})

    def me(self, request: Request) -> Answer:
        user = self._world.users[request.user_id]
        return Answer(200, {**user.profile(), "created_at": user.created_at, "contactable": "everybody"})

    def rename(self, request: Request) -> Answer:
        fields = Fields(request.body)
        if "display_name" in fields.values:
            self._world.users[request.user_id].display_name = fields.line("display_name")
        return self.me(request)

    def profile(self, request: Request) -> Answer:
        if request.path[0] not in self._world.users:
            raise NotFound("user_id")
        return Answer(200, self._world.users[request.path[0]].profile())

    def find(self, request: Request) -> Answer:
        user_id = self._world.names.get(Fields(request.query).text("username", 1, 32))
        return Answer(200, {"items": [self._world.users[user_id].profile()] if user_id else []})

    def add_contact(self, request: Request) -> Answer:
        if request.path[0] not in self._world.users:
            raise NotFound("user_id")
        self._world.users[request.user_id].contacts.add(request.path[0])
        return Answer(204)

    def presence(self, request: Request) -> Answer:
        asked = Fields({"user_id": request.query.get("user_id", "").split("\n")}).ids("user_id", 1, 100)
        visible = [each for each in dict.fromkeys(asked) if self._world.sees(request.user_id, each)]
        return Answer(200, {"users": [self._world.presence(each) for each in visible]})

    # conversations

    def begin(self, request: Request) -> Answer:
        fields = Fields(request.body)
        if fields.choice("kind", "direct", "group") == "direct":
            (other,) = fields.ids("members", 1, 1)
            if other == request.user_id:
                raise fields.wrong("members", "must be somebody else")
            conversation, is_new = self._world.begin(request.user_id, [other])
        else:
            conversation, is_new = self._world.begin(
                request.user_id,
                fields.ids("members", 0, 100),
                title=fields.line("title", 100),
                conversation_id=fields.id("conversation_id") if "conversation_id" in fields.values else None,
                history=fields.choice("history", "joined", "all", default="joined"),
            )
        return Answer(201 if is_new else 200, self._world.view(conversation, request.user_id))

    def inbox(self, request: Request) -> Answer:
        query = Fields(request.query)
        limit = query.digits("limit", 1, 200, default=50) or 0
        before = _cursor(query, default=2**53)
        mine = [
            each
            for each in self._world.conversations.values()
            if request.user_id in each.members and each.activity < before
        ]
        mine.sort(key=lambda each: each.activity, reverse=True)
        listed = mine[:limit]
        items = [self._world.view(each, request.user_id) for each in listed]
        return Answer(200, {"items": items, **(_next(listed[-1].activity) if len(mine) > limit else {})})

    def change_settings(self, request: Request) -> Answer:
        conversation, member = self._inside(request)
        fields = Fields(request.body)
        settings = dict(member.settings)
        for name in request.body:
            match name:
                case "muted_until" if fields.values.get(name) is None:
                    settings.pop(name, None)
                case "muted_until":
                    settings[name] = fields.integer(name)
                case "archived":
                    settings[name] = fields.flag(name)
                case "notify":
                    settings[name] = fields.choice(name, "all", "mentions", "none", default="all")
        member.settings = settings
        self._world.tell(
            request.user_id, {"type": "settings", "conversation_id": conversation.conversation_id, **settings}
        )
        return Answer(200, self._world.view(conversation, request.user_id))

    def members(self, request: Request) -> Answer:
        conversation, _ = self._inside(request)
        return Answer(200, {"items": [self._member(each) for each in conversation.members.values()]})

    def add_members(self, request: Request) -> Answer:
        conversation, member = self._inside(request)
        if conversation.kind == "direct" or member.role == "member":
            raise Forbidden("takes an admin or owner")
        asked = Fields(request.body).ids("user_ids", 1, 100)
        if any(each not in self._world.users for each in asked):
            raise NotFound("user_ids: unknown user")
        new = [each for each in dict.fromkeys(asked) if each not in conversation.members]
        if new:
            roles = [{"user_id": each, "role": "member"} for each in new]
            at = self._world.now_ms()
            event = conversation.append("member_added", request.user_id, at, {"members": roles})
            first = 1 if conversation.history == "all" else event["seq"]
            for each in new:
                conversation.members[each] = Member(each, "member", at, first, event["seq"], event["seq"])
            self._world.publish(conversation, event)
        return Answer(200, {"items": [self._member(conversation.members[each]) for each in asked]})

    def remove_member(self, request: Request) -> Answer:
        conversation, member = self._inside(request)
        user_id = request.path[1]
        ranks = {"member": 0, "admin": 1, "owner": 2}
        if conversation.kind == "direct":
            raise Forbidden("a direct conversation is archived instead")
        gone = conversation.members.get(user_id)
        if gone is None:
            return Answer(204)
        if user_id != request.user_id and (
            member.role == "member" or (member.role != "owner" and ranks[gone.role] >= ranks[member.role])
        ):
            raise Forbidden("takes another role")
        owners = [each for each in conversation.members.values() if each.role == "owner"]
        if gone.role == "owner" and len(owners) == 1:
            raise LastOwner("hand over first")
        del conversation.members[user_id]
        at = self._world.now_ms()
        event = conversation.append("member_removed", request.user_id, at, {"user_id": user_id})
        self._world.publish(conversation, event, also=(user_id,))
        return Answer(204)

    def history(self, request: Request) -> Answer:
        query = Fields(request.query)
        limit = query.digits("limit", 1, 200, default=50) or 0
        after, before = query.digits("after"), query.digits("before")
        if after is not None and before is not None:
            raise BadRequest("after, before: not both")
        conversation, member = self._inside(request)
        first = member.first_seq
        if after is not None:
            seqs = range(max(after + 1, first), conversation.head + 1)[:limit]
            more = bool(seqs) and seqs[-1] < conversation.head
        else:
            end = min(before if before is not None else conversation.head + 1, conversation.head + 1)
            seqs = range(max(first, end - limit), end)
            more = bool(seqs) and seqs[0] > first
        page = self._page(conversation, member, seqs)
        return Answer(200, {**page, "has_more": more})

    def cursors(self, request: Request) -> Answer:
        conversation, _ = self._inside(request)
        if len(conversation.members) > FEW:
            raise Forbidden("of more than 20 members")
        items = [
            {"user_id": each.user_id, "read_seq": each.read_seq, "delivered_seq": each.delivered_seq}
            for each in conversation.members.values()
        ]
        return Answer(200, {"items": items})

    def read(self, request: Request) -> Answer:
        seq = Fields(request.body).integer("seq", 1)
        conversation, member = self._inside(request)
        self._world.receipt(conversation, request.user_id, conversation.read(member, seq))
        return Answer(202)

    def announce(self, request: Request) -> Answer:
        announced = Fields(request.body).file()
        conversation, member = self._inside(request)
        name = self._world.fresh("file")
        fields = self._world.files.announce(name, conversation.conversation_id, member.user_id, announced)
        return Answer(201, {"attachment_id": name, "upload": {"url": self._files_url(), "fields": fields}})

    def link(self, request: Request) -> Answer:
        conversation, member = self._inside(request)
        token, file = self._world.files.link(request.path[1], conversation, member.user_id)
        url = f"{self._files_url()}?link={token}"
        if "application/json" not in request.accept:
            return Answer(302, None, {"Location": url})
        told = {"name": file.name, "content_type": file.content_type, "size": file.size}
        return Answer(200, {"url": url, "expires_in": LINK_S, **told})

    def sync(self, request: Request) -> Answer:
        fields = Fields(request.body)
        limit = fields.integer("limit", 1, 200, default=50)
        positions = fields.inner("positions")
        known = {}
        for name in positions.values:
            position = Fields(positions.values[name], f"positions.{name}.")
            known[name] = position.integer("seq"), position.integer("read_seq")
        start = _cursor(fields, default=0)
        mine = (each for each in self._world.conversations.values() if request.user_id in each.members)
        names = sorted({*known, *(each.conversation_id for each in mine)})
        listed = []
        for name in names[start : start + SYNCED_AT_ONCE]:
            found = self._world.conversations.get(name)
            if found is None or request.user_id not in found.members:
                listed.append({"conversation_id": name, "removed": True})
            elif (entry := self._missed(found, found.member(request.user_id), known.get(name), limit)) is not None:
                listed.append(entry)
        more = _next(start + SYNCED_AT_ONCE) if start + SYNCED_AT_ONCE < len(names) else {}
        return Answer(200, {"conversations": listed, "at": self._world.now_ms(), **more})

    def _missed(
        self, conversation: Conversation, member: Member, position: tuple[int, int] | None, limit: int
    ) -> dict[str, Any] | None:
        seq, read_seq = position or (member.first_seq - 1, 0)
        seq = max(seq, member.first_seq - 1)
        if position and seq == conversation.head and read_seq >= member.read_seq:
            return None
        limited = seq > conversation.head or conversation.head - seq > limit
        start = max(member.first_seq, conversation.head + 1 - limit) if limited else seq + 1
        return {
            "conversation_id": conversation.conversation_id,
            **self._page(conversation, member, range(start, conversation.head + 1)),
            "limited": limited,
            "read_seq": member.read_seq,
            "unread": conversation.unread(member),
            **member.settings,
        }

    def _page(self, conversation: Conversation, member: Member, seqs: range) -> dict[str, Any]:
        return {
            "events": [conversation.shown(conversation.log[seq - 1], member.user_id) for seq in seqs],
            "first_seq": member.first_seq,
            "head_seq": conversation.head,
            "state_seq": conversation.head,
        }

    def _member(self, member: Member) -> dict[str, Any]:
        return {
            "user_id": member.user_id,
            "display_name": self._world.users[member.user_id].display_name,
            "role": member.role,
            "joined_at": member.joined_at,
        }

    def _inside(self, request: Request) -> tuple[Conversation, Member]:
        conversation = self._world.conversation(request.path[0], request.user_id)
        return conversation, conversation.member(request.user_id)

    def _view(self, request: Request) -> dict[str, Any]:
        return self._world.view(self._inside(request)[0], request.user_id)


def _pair(session: Session) -> dict[str, Any]:
    return {
        "access_token": session.access_token,
        "expires_in": ACCESS_S,
        "refresh_token": session.refresh_token,
        "user_id": session.user_id,
        "device_id": session.device_id,
        "session_id": session.session_id,
    }


def _cursor(fields: Fields, *, default: int) -> int:
    """Where a cursor of ours goes on."""
    if "cursor" not in fields.values:
        return default
    try:
        kind, _, place = base64.b64decode(fields.values["cursor"], validate=True).decode().partition(":")
        return {"next": int}[kind](place)
    except (KeyError, ValueError, TypeError, binascii.Error):
        raise fields.wrong("cursor", "is none of ours") from None


def _next(place: int) -> dict[str, str]:
    return {"next_cursor": base64.b64encode(f"next:{place}".encode()).decode()}
