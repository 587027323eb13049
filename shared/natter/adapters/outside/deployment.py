"""`Deployment` by HTTP and WebSockets, in the words of the public protocol, as any client's."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from typing import Any

from natter.adapters.http.tls import trusted
from natter.adapters.outside.http import Http, is_good, refused
from natter.adapters.outside.line import WebSocketLine
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.visiting import Person
from natter.ports.visiting import Deployment, Failure, OpenDeployment, Visitor

NEWEST = 10
"""Events that a sync is asked for of a conversation."""


class HttpVisitor:
    def __init__(self, http: Http, session: Mapping[str, Any]) -> None:
        """
        Raises:
            KeyError: it is no session.
        """
        self._http = http
        self.user_id = UserId(session["user_id"])
        self._token: str = session["access_token"]
        self._device: str = session["device_id"]

    def meet(self, other: UserId, *, deadline: float) -> tuple[ConversationId, bool]:
        what, body = "POST /v1/conversations", {"kind": "direct", "members": [other]}
        status, answer = self._http.answer(
            "POST", "/v1/conversations", body, what=what, deadline=deadline, token=self._token
        )
        if not is_good(status):
            raise refused(what, status, answer)
        with _readable(what):
            return ConversationId(answer["conversation_id"]), status == HTTPStatus.CREATED

    def be_left_alone(self, *, deadline: float) -> None:
        self._ask("PATCH", "/v1/users/me", {"contactable": "contacts"}, deadline=deadline)

    def register(self, subscription: str, *, deadline: float) -> None:
        body = {"provider": "webpush", "token": subscription}
        what = "PUT /v1/devices/{device_id}/push"
        self._ask("PUT", f"/v1/devices/{self._device}/push", body, what=what, deadline=deadline)

    def connect(self, *, deadline: float) -> WebSocketLine:
        ticket = self._ask("POST", "/v1/tickets", deadline=deadline)
        with _readable("POST /v1/tickets"):
            url = ticket["url"]
        line = WebSocketLine.open(url, tls=trusted, deadline=deadline)
        try:
            line.ping(deadline=deadline)
        except Failure:
            line.close()
            raise
        return line

    def sync(self, conversation: ConversationId, *, deadline: float) -> Collection[ClientId]:
        body = {"positions": {conversation: {"seq": 0, "read_seq": 0}}, "limit": NEWEST}
        answer = self._ask("POST", "/v1/sync", body, deadline=deadline)
        with _readable("POST /v1/sync"):
            found = [each for each in answer["conversations"] if each["conversation_id"] == conversation]
            return {ClientId(event["client_id"]) for each in found for event in each["events"] if "client_id" in event}

    def leave(self, *, deadline: float) -> None:
        self._ask("DELETE", "/v1/sessions/current", deadline=deadline)

    def vanish(self, password: str, *, deadline: float) -> None:
        self._ask("DELETE", "/v1/users/me", {"password": password}, deadline=deadline)

    def _ask(self, method: str, path: str, body: Any = None, *, deadline: float, what: str = "") -> Any:
        return self._http.expect(
            method, path, body, what=what or f"{method} {path}", deadline=deadline, token=self._token
        )


class HttpDeployment:
    def __init__(self, http: Http) -> None:
        self._http = http

    def sign_up(self, person: Person, *, deadline: float) -> None:
        what, body = "POST /v1/users", {"username": person.username, "password": person.password}
        body["display_name"] = "Visitor"
        status, answer = self._http.answer("POST", "/v1/users", body, what=what, deadline=deadline)
        if not is_good(status) and status != HTTPStatus.CONFLICT:
            raise refused(what, status, answer)

    def sign_in(self, person: Person, *, deadline: float) -> HttpVisitor | None:
        device = {"device_id": person.device_id, "name": "Visitor", "platform": "other"}
        body = {"username": person.username, "password": person.password, "device": device}
        what = "POST /v1/sessions"
        status, answer = self._http.answer("POST", "/v1/sessions", body, what=what, deadline=deadline)
        if status == HTTPStatus.UNAUTHORIZED:
            return None
        if not is_good(status):
            raise refused(what, status, answer)
        with _readable(what):
            return HttpVisitor(self._http, answer)

    def web_key(self, *, deadline: float) -> str:
        what = "GET /v1/push/web-key"
        answer = self._http.expect("GET", "/v1/push/web-key", what=what, deadline=deadline)
        with _readable(what):
            return str(answer["public_key"])


def deployment_at(url: str) -> OpenDeployment:
    """The one whose output `HttpUrl` is `url`; where its sockets are it says itself."""

    @contextmanager
    def opened() -> Iterator[Deployment]:
        with closing(Http(url, trusted)) as http:
            yield HttpDeployment(http)

    return opened


@contextmanager
def _readable(what: str) -> Iterator[None]:
    try:
        yield
    except (LookupError, TypeError, AttributeError) as error:
        raise Failure(f"{what}: not what was asked for") from error


_: type[Deployment] = HttpDeployment
_visitor: type[Visitor] = HttpVisitor
