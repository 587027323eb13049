from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from natter.domain.clock import NowMs
from natter.domain.ids import ClientId, ConversationId
from natter.domain.visiting import Leg, Pair, Person, Step, generation, pair
from natter.ports.visiting import Deployment, Failure, Line, OpenDeployment, Sink, Subscribed, Visitor

WITHIN_S = {
    Leg.SIGN_IN: 10.0,
    Leg.CONNECT: 10.0,
    Leg.SEND: 10.0,
    Leg.PUSH: 15.0,
    Leg.SYNC: 10.0,
    Leg.RECEIVE: 10.0,
    Leg.READ: 10.0,
}
"""After which a leg has failed. Functions that have to start first are in it; who is away is let be for two seconds."""
ALL_WITHIN_S = 42.0
"""So that with goodbyes and the erasing of last week's people, 14 s at most, it has ended when the next one is due."""
GOODBYE_S = 2.0
"""How long signing out may take, each."""
SYNC_AGAIN_S = 0.5
WORDS = "Is anybody there?"


@dataclass(frozen=True, kw_only=True)
class Visited:
    steps: Sequence[Step]
    untidy: Sequence[str] = ()
    """What failed when all was over: nobody waits for it."""

    @property
    def failed(self) -> Sequence[Step]:
        return [step for step in self.steps if step.failure is not None]


class _Ended(Exception):
    """A leg has failed that the next ones rest on."""


@dataclass
class _Legs:
    clock: Callable[[], float]
    ends_at: float
    steps: list[Step] = field(default_factory=list)

    def take[Result](self, leg: Leg, step: Callable[[float], Result]) -> Result:
        """
        What `step` returns, which is given its deadline.

        Raises:
            _Ended: it has failed.
        """
        began = self.clock()
        try:
            result = step(self.deadline(leg))
        except Failure as failure:
            self.steps.append(Step(leg=leg, ms=self._ms(began), failure=str(failure)))
            raise _Ended from failure
        self.steps.append(Step(leg=leg, ms=self._ms(began)))
        return result

    def prepare[Result](self, leg: Leg, step: Callable[[float], Result]) -> Result | None:
        """The same of what is not measured, and only part of a leg; None: the leg has failed by it, others go on."""
        began = self.clock()
        try:
            return step(self.deadline(leg))
        except Failure as failure:
            self.steps.append(Step(leg=leg, ms=self._ms(began), failure=str(failure)))
            return None

    def deadline(self, leg: Leg) -> float:
        return min(self.clock() + WITHIN_S[leg], self.ends_at)

    def _ms(self, began: float) -> int:
        return round(1000 * (self.clock() - began))


@dataclass(frozen=True, kw_only=True)
class Visit:
    """
    Two people talk, as users do: one says something while the other is away, who is woken, comes, syncs, is shown the
    next message and reads it, which the first one sees.

    Nothing is tried twice: what fails once is a failure. Where one leg has failed the next ones, which rest on it, are
    not tried; but for the push, without which people talk all the same.
    """

    open_deployment: OpenDeployment
    sink: Sink
    secret: Callable[[], str]
    new_id: Callable[[], str]
    now_ms: NowMs
    clock: Callable[[], float]
    """Seconds, monotonic."""
    pause: Callable[[float], None]
    """For so many of them."""

    def __call__(self) -> Visited:
        """
        Raises:
            Unavailable: the secret cannot be read, so nobody knows who the visitors are.
        """
        people = pair(self.secret(), generation(self.now_ms()))
        legs = _Legs(self.clock, self.clock() + ALL_WITHIN_S)
        untidy: list[str] = []
        with self.open_deployment() as deployment, ExitStack() as goodbyes, suppress(_Ended):  # `legs` has what failed
            caller, callee, chat = legs.take(
                Leg.SIGN_IN, lambda deadline: self._come(deployment, people, goodbyes, untidy, deadline)
            )
            self._talk(deployment, (caller, callee), chat, legs, goodbyes)
        return Visited(steps=legs.steps, untidy=untidy)

    def _come(
        self, deployment: Deployment, people: Pair, goodbyes: ExitStack, untidy: list[str], deadline: float
    ) -> tuple[Visitor, Visitor, ConversationId]:
        caller = self._signed_in(deployment, people.caller, deadline)
        goodbyes.callback(self._leave, caller, untidy)
        callee = self._signed_in(deployment, people.callee, deadline)
        goodbyes.callback(self._leave, callee, untidy)
        conversation, is_new = caller.meet(callee.user_id, deadline=deadline)
        for visitor in (caller, callee) if is_new else ():
            visitor.be_left_alone(deadline=deadline)
        return caller, callee, conversation

    def _talk(
        self,
        deployment: Deployment,
        visitors: tuple[Visitor, Visitor],
        chat: ConversationId,
        legs: _Legs,
        goodbyes: ExitStack,
    ) -> None:
        caller, callee = visitors
        first, second = ClientId(self.new_id()), ClientId(self.new_id())
        near = self._connected(caller, legs, goodbyes)
        woken = legs.prepare(Leg.PUSH, lambda deadline: self._subscribed(deployment, callee, deadline))
        legs.take(Leg.SEND, lambda deadline: near.send(chat, first, WORDS, deadline=deadline))
        if woken is not None:
            with suppress(_Ended):  # the other one comes nevertheless
                legs.take(Leg.PUSH, lambda deadline: woken.arrive(deadline=deadline))
        far = self._connected(callee, legs, goodbyes)
        legs.take(Leg.SYNC, lambda deadline: self._find(callee, chat, first, deadline))

        def receive(deadline: float) -> int:
            near.send(chat, second, WORDS, deadline=deadline)
            return far.receive(chat, second, deadline=deadline)

        def read(deadline: float) -> None:
            far.read(chat, seq, deadline=deadline)
            near.see_read(chat, callee.user_id, seq, deadline=deadline)

        seq = legs.take(Leg.RECEIVE, receive)
        legs.take(Leg.READ, read)

    def _connected(self, visitor: Visitor, legs: _Legs, goodbyes: ExitStack) -> Line:
        line = legs.take(Leg.CONNECT, lambda deadline: visitor.connect(deadline=deadline))
        goodbyes.callback(line.close)
        return line

    def _signed_in(self, deployment: Deployment, person: Person, deadline: float) -> Visitor:
        """Who is not there yet is made: at the first visit of a week."""
        visitor = deployment.sign_in(person, deadline=deadline)
        if visitor is None:
            deployment.sign_up(person, deadline=deadline)
            visitor = deployment.sign_in(person, deadline=deadline)
        if visitor is None:
            raise Failure("who has just been made cannot sign in")
        return visitor

    def _subscribed(self, deployment: Deployment, visitor: Visitor, deadline: float) -> Subscribed:
        subscribed = self.sink.subscribe(deployment.web_key(deadline=deadline), deadline=deadline)
        visitor.register(subscribed.token, deadline=deadline)
        return subscribed

    def _find(self, visitor: Visitor, chat: ConversationId, client_id: ClientId, deadline: float) -> None:
        """What was acknowledged is stored a moment later: where nobody was woken by it, it may not be yet."""
        while client_id not in visitor.sync(chat, deadline=deadline):
            if self.clock() + SYNC_AGAIN_S >= deadline:
                raise Failure("sync does not have what was acknowledged")
            self.pause(SYNC_AGAIN_S)

    def _leave(self, visitor: Visitor, untidy: list[str]) -> None:
        try:
            visitor.leave(deadline=self.clock() + GOODBYE_S)
        except Failure as failure:  # the session is one of at most a hundred, of which the oldest gives way
            untidy.append(str(failure))
