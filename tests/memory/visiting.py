"""A deployment of which everything works but what it is told not to, and a clock that runs as it is told."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.visiting import Person
from natter.ports.visiting import Deployment, Failure, Sink, Subscribed

CHAT = ConversationId("chat")


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class MemoryDeployment:
    """`takes` says how long each call takes (none: no time); one that takes longer than it may fails."""

    clock: Clock = field(default_factory=Clock)
    takes: dict[str, float] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    people: dict[str, str] = field(default_factory=dict)
    """Passwords by name."""
    met: bool = False
    calls: list[str] = field(default_factory=list)
    said: list[ClientId] = field(default_factory=list)
    stored_after: int = 0
    """Of how many syncs a message is in the first that has it."""
    opened: int = 0

    @contextmanager
    def open(self) -> Iterator[Deployment]:
        self.opened += 1
        try:
            yield self
        finally:
            self.opened -= 1

    def call(self, name: str, deadline: float) -> None:
        self.calls.append(name)
        took = self.takes.get(name, 0.0)
        if name in self.failing:
            raise Failure(f"{name}: 503 unavailable")
        if self.clock.now + took > deadline:
            self.clock.now = max(deadline, self.clock.now)
            raise Failure(f"{name}: not in time")
        self.clock.now += took

    def sign_up(self, person: Person, *, deadline: float) -> None:
        self.call("sign-up", deadline)
        self.people.setdefault(person.username, person.password)

    def sign_in(self, person: Person, *, deadline: float) -> "MemoryVisitor | None":
        self.call("sign-in", deadline)
        known = self.people.get(person.username) == person.password
        return MemoryVisitor(self, person) if known else None

    def web_key(self, *, deadline: float) -> str:
        self.call("web-key", deadline)
        return "key"


@dataclass
class MemoryVisitor:
    deployment: MemoryDeployment
    person: Person

    @property
    def user_id(self) -> UserId:
        return UserId(self.person.username)

    def meet(self, other: UserId, *, deadline: float) -> tuple[ConversationId, bool]:
        self.deployment.call(f"meet {other[-1]}", deadline)
        is_new, self.deployment.met = not self.deployment.met, True
        return CHAT, is_new

    def be_left_alone(self, *, deadline: float) -> None:
        self._call("be left alone", deadline)

    def register(self, subscription: str, *, deadline: float) -> None:
        assert json.loads(subscription)["endpoint"]
        self._call("register", deadline)

    def connect(self, *, deadline: float) -> "MemoryLine":
        self._call("connect", deadline)
        return MemoryLine(self)

    def sync(self, conversation: ConversationId, *, deadline: float) -> Collection[ClientId]:
        assert conversation == CHAT
        self._call("sync", deadline)
        self.deployment.stored_after -= 1
        return set() if self.deployment.stored_after >= 0 else set(self.deployment.said)

    def leave(self, *, deadline: float) -> None:
        self._call("leave", deadline)

    def vanish(self, password: str, *, deadline: float) -> None:
        self._call("vanish", deadline)
        assert self.deployment.people.pop(self.person.username) == password

    def _call(self, name: str, deadline: float) -> None:
        self.deployment.call(f"{name} {self.person.username[-1]}", deadline)


@dataclass
class MemoryLine:
    visitor: MemoryVisitor

    def send(self, conversation: ConversationId, client_id: ClientId, words: str, *, deadline: float) -> None:
        assert (conversation, bool(words)) == (CHAT, True)
        self._call("send", deadline)
        self.visitor.deployment.said.append(client_id)

    def receive(self, conversation: ConversationId, client_id: ClientId, *, deadline: float) -> int:
        assert conversation == CHAT
        self._call("receive", deadline)
        return self.visitor.deployment.said.index(client_id) + 2

    def read(self, conversation: ConversationId, seq: int, *, deadline: float) -> None:
        assert conversation == CHAT
        self._call(f"read {seq}", deadline)

    def see_read(self, conversation: ConversationId, by: UserId, seq: int, *, deadline: float) -> None:
        assert conversation == CHAT
        self._call(f"see {seq} read by {by[-1]}", deadline)

    def close(self) -> None:
        self.visitor.deployment.calls.append(f"close {self.visitor.person.username[-1]}")

    def _call(self, name: str, deadline: float) -> None:
        self.visitor.deployment.call(f"{name} {self.visitor.person.username[-1]}", deadline)


@dataclass
class MemorySubscribed:
    deployment: MemoryDeployment
    token: str = '{"endpoint": "https://sink.example/1"}'

    def arrive(self, *, deadline: float) -> None:
        self.deployment.call("push", deadline)


@dataclass
class MemorySink:
    deployment: MemoryDeployment

    def subscribe(self, web_key: str, *, deadline: float) -> Subscribed:
        assert web_key == "key"
        self.deployment.call("subscribe", deadline)
        return MemorySubscribed(self.deployment)


_deployment: type[Deployment] = MemoryDeployment
_sink: type[Sink] = MemorySink
