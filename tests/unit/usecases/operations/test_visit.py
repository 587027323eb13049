from itertools import count

import pytest

from natter.domain.visiting import GENERATION_MS, Leg
from natter.usecases.operations.visit import ALL_WITHIN_S, WITHIN_S, Visit, Visited
from tests.memory.visiting import MemoryDeployment, MemorySink

SECRET = "secret"
LEGS = [Leg.SIGN_IN, Leg.CONNECT, Leg.SEND, Leg.PUSH, Leg.CONNECT, Leg.SYNC, Leg.RECEIVE, Leg.READ]
TALK = [
    *("connect a", "web-key", "subscribe", "register b", "send a", "push", "connect b", "sync b"),
    *("send a", "receive b", "read 3 b", "see 3 read by b a"),
]
GOODBYE = ["close b", "close a", "leave b", "leave a"]


@pytest.fixture
def deployment() -> MemoryDeployment:
    return MemoryDeployment()


def visit(deployment: MemoryDeployment, *, now: int = 7 * GENERATION_MS) -> Visited:
    numbers = count()
    visiting = Visit(
        open_deployment=deployment.open,
        sink=MemorySink(deployment),
        secret=lambda: SECRET,
        new_id=lambda: f"m{next(numbers)}",
        now_ms=lambda: now,
        clock=deployment.clock,
        pause=deployment.clock.pause,
    )
    deployment.calls.clear()
    deployment.said.clear()
    visited = visiting()
    assert deployment.opened == 0
    return visited


def went(visited: Visited) -> list[tuple[Leg, str | None]]:
    return [(step.leg, step.failure) for step in visited.steps]


class TestVisit:
    def test_two_people_talk_while_one_is_away_and_then_is_there(self, deployment: MemoryDeployment) -> None:
        visit(deployment)
        assert went(visit(deployment)) == [(leg, None) for leg in LEGS]
        assert deployment.calls == ["sign-in", "sign-in", "meet b", *TALK, *GOODBYE]

    def test_who_is_not_there_yet_is_made_and_left_alone_by_others(self, deployment: MemoryDeployment) -> None:
        assert visit(deployment).failed == []
        came = ["sign-in", "sign-up", "sign-in"] * 2
        assert deployment.calls == [*came, "meet b", "be left alone a", "be left alone b", *TALK, *GOODBYE]

    def test_another_week_other_people_come(self, deployment: MemoryDeployment) -> None:
        visit(deployment)
        visit(deployment, now=8 * GENERATION_MS - 1)
        assert len(deployment.people) == 2
        visit(deployment, now=8 * GENERATION_MS)
        assert len(deployment.people) == 4

    def test_how_long_each_leg_took_is_known(self, deployment: MemoryDeployment) -> None:
        deployment.takes = {
            "sign-in": 0.1,
            "connect a": 0.02,
            "register b": 9,
            "push": 3,
            "receive b": 0.05,
            "sync b": 1,
        }
        deployment.stored_after = 1
        times = [(step.leg, step.ms) for step in visit(deployment).steps]
        assert times == list(zip(LEGS, [400, 20, 0, 3000, 0, 2500, 50, 0], strict=True))


class TestWhatFails:
    @pytest.mark.parametrize(
        ("failing", "leg", "last"),
        [
            ("sign-in", Leg.SIGN_IN, 1),
            ("meet b", Leg.SIGN_IN, 1),
            ("connect a", Leg.CONNECT, 2),
            ("send a", Leg.SEND, 3),
            ("connect b", Leg.CONNECT, 5),
            ("sync b", Leg.SYNC, 6),
            ("receive b", Leg.RECEIVE, 7),
            ("read 3 b", Leg.READ, 8),
            ("see 3 read by b a", Leg.READ, 8),
        ],
    )
    def test_is_named_once_and_ends_the_visit(
        self, deployment: MemoryDeployment, failing: str, leg: Leg, last: int
    ) -> None:
        deployment.failing = {failing}
        visited = visit(deployment)
        assert [(step.leg, step.failure) for step in visited.failed] == [(leg, f"{failing}: 503 unavailable")]
        assert [step.leg for step in visited.steps] == LEGS[:last]
        assert deployment.calls.count(failing) == 1, "nothing is tried twice"

    @pytest.mark.parametrize("failing", ["web-key", "subscribe", "register b", "push"])
    def test_of_a_push_is_named_once_and_they_talk_all_the_same(
        self, deployment: MemoryDeployment, failing: str
    ) -> None:
        deployment.failing = {failing}
        visited = visit(deployment)
        assert [step.leg for step in visited.failed] == [Leg.PUSH]
        assert sorted(step.leg for step in visited.steps) == sorted(LEGS)

    def test_everybody_leaves_all_the_same(self, deployment: MemoryDeployment) -> None:
        deployment.failing = {"sync b"}
        visit(deployment)
        assert deployment.calls[-4:] == GOODBYE

    def test_of_leaving_fails_no_visit(self, deployment: MemoryDeployment) -> None:
        deployment.failing = {"leave a"}
        visited = visit(deployment)
        assert (visited.failed, visited.untidy) == ([], ["leave a: 503 unavailable"])

    def test_what_was_acknowledged_and_is_not_in_sync_is_found(self, deployment: MemoryDeployment) -> None:
        deployment.stored_after, deployment.takes = 1000, {"sync b": 0.1}
        (failed,) = visit(deployment).failed
        assert (failed.leg, failed.failure) == (Leg.SYNC, "sync does not have what was acknowledged")
        assert deployment.calls.count("sync b") < 20, "not so often that it is a limit that speaks"


class TestTime:
    @pytest.mark.parametrize(("call", "leg"), [("connect a", Leg.CONNECT), ("push", Leg.PUSH), ("sync b", Leg.SYNC)])
    def test_of_each_leg_is_bounded(self, deployment: MemoryDeployment, call: str, leg: Leg) -> None:
        deployment.takes = {call: 1000}
        (failed,) = visit(deployment).failed
        assert (failed.leg, failed.ms) == (leg, 1000 * WITHIN_S[leg])

    def test_of_a_visit_is_bounded_whatever_is_slow(self, deployment: MemoryDeployment) -> None:
        """Another one is due a minute after it."""
        slow = {"sign-in": 4.9, "meet b": 0.1, "register b": 6.9, "push": 6.9}
        slow |= dict.fromkeys(("connect a", "connect b", "send a", "sync b", "receive b", "read 3 b"), 4.9)
        visit(deployment)
        deployment.takes = slow | {"leave a": 1000, "leave b": 1000}
        began = deployment.clock.now
        visited = visit(deployment)
        assert len(visited.failed) == 1
        assert ALL_WITHIN_S < deployment.clock.now - began <= ALL_WITHIN_S + 4
