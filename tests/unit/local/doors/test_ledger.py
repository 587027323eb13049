"""Who came, and what was refused to whom."""

import logging

import pytest

from local.doors.access import Access
from local.doors.calls import Call
from local.doors.iam import Grants, Named, Statement
from local.doors.ledger import MOST, Ledger, Refusal

SEND, SHARED = "arn:aws:iam::0:role/send", "arn:aws:iam::0:role/shared"


def refusal(role: str = SEND, action: str = "kms:Sign") -> Refusal:
    return Refusal("aws", role, action, "key")


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    ledger.introduce([(SEND, "app-send"), (SHARED, "b"), (SHARED, "a")])
    return ledger


class TestLedger:
    def test_people_see_function_action_and_resource(self, ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING):
            for each in (refusal(), refusal(SHARED), refusal(), refusal("arn:aws:iam::0:role/nobody")):
                ledger.refuse(each)
        assert [(each["function"], each["times"]) for each in ledger.refusals()] == [
            ("arn:aws:iam::0:role/nobody", 1),
            ("app-send", 2),
            ("a, b", 1),
        ]
        assert ledger.refusals()[1] == {
            "door": "aws",
            "function": "app-send",
            "action": "kms:Sign",
            "resource": "key",
            "times": 2,
        }
        assert caplog.messages.count("aws: app-send may not kms:Sign on key") == 1

    def test_visitors_are_those_of_one_door(self, ledger: Ledger) -> None:
        for door, role in (("kafka", SEND), ("aws", SEND), ("kafka", SHARED), ("kafka", SEND)):
            ledger.admit(door, role)
        assert ledger.visitors("kafka") == {"a, b": 1, "app-send": 2}
        assert ledger.visitors("valkey") == {}

    def test_the_last_ones_are_kept(self, ledger: Ledger) -> None:
        for number in range(MOST + 1):
            ledger.refuse(refusal(action=f"kms:{number}"))
        assert len(ledger.refusals()) == MOST
        assert ledger.refusals()[-1]["action"] == "kms:1"


class TestAccess:
    def test_all_calls_have_to_be_granted_and_what_is_not_is_put_down(self) -> None:
        access = Access(Grants({SEND: [Statement(allows=True, actions=("a:*",), resources=("x",))]}))
        assert access.refusal("aws", SEND, Call("a:Read", "x"), Call("a:Write", "x")) is None
        refused = access.refusal("aws", SEND, Call("a:Read", "x"), Call("a:Read", "y"))
        assert str(refused) == f"User: {SEND} is not authorized to perform: a:Read on resource: y"
        assert [each["resource"] for each in access.ledger.refusals()] == ["y"]

    def test_what_was_let_through_was_used_in_the_words_of_the_grant(self) -> None:
        under = (("StringEquals", "s:key", ("v",)),)
        granted = [
            Statement(allows=True, actions=("a:Read", "a:Write"), resources=("x*", "y")),
            Statement(allows=True, actions=("k:Use",), resources=("k",), conditions=under),
            Statement(allows=True, actions=("k:Use",), resources=("k",)),
        ]
        access = Access(Grants({SEND: granted}))
        access.refusal("aws", SEND, Call("a:Read", "x1"), Call("k:Use", "k"), Call("a:Read", "z"))
        assert set(access.unused()) == {
            (SEND, Named("a:Read", "y")),
            (SEND, Named("a:Write", "x*")),
            (SEND, Named("a:Write", "y")),
            (SEND, Named("k:Use", "k", under)),
        }

    def test_nobody_may_do_anything_before_something_is_granted(self) -> None:
        assert Access().refusal("aws", SEND, Call("a:Read", "x")) is not None
