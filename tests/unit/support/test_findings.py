"""Each kind of damage to a run that went well is found."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.findings import Run, Screen, findings
from tests.support.ledger import Acknowledged, Ledger, Shown

ANN, BOB, CID = "ann", "bob", "cid"


def an_event(seq: int, type_: str, sender: str = ANN, **fields: Any) -> dict[str, Any]:
    return {"seq": seq, "type": type_, "at": 1000 + seq, "sender_id": sender, **fields}


def a_message(seq: int, sender: str) -> dict[str, Any]:
    return an_event(seq, "message", sender, client_id=f"m{seq}", content={"type": "text", "text": f"words {seq}"})


HISTORY = [
    an_event(1, "conversation_created", kind="group", members=[{"user_id": ANN, "role": "owner"}]),
    an_event(2, "member_added", members=[{"user_id": BOB, "role": "member"}, {"user_id": CID, "role": "member"}]),
    a_message(3, ANN),
    a_message(4, BOB),
    an_event(5, "member_removed", user_id=CID),
    a_message(6, ANN),
]


def acknowledged(event: dict[str, Any]) -> Acknowledged:
    return Acknowledged(
        conversation="p",
        sender_id=event["sender_id"],
        lane=f"phone of {event['sender_id']}",
        client_id=event["client_id"],
        type="message",
        fields={"content": event["content"]},
    )


def a_run() -> Run:
    ledger = Ledger()
    messages = [event for event in HISTORY if event["type"] == "message"]
    ledger.acknowledged = [acknowledged(event) for event in messages]
    ledger.attempted = {("p", event["sender_id"], event["client_id"]) for event in messages}
    for user, places in {ANN: range(1, 7), BOB: range(2, 7), CID: range(2, 6)}.items():
        for seq in places:
            ledger.observations.append(shown(user, HISTORY[seq - 1]))
    screens = [screen(ANN, 1, read_seq=6, unread=0), screen(BOB, 2, read_seq=4, unread=1)]
    return Run(ledger=ledger, histories={"p": list(HISTORY)}, screens=screens, members={"p": {ANN, BOB}})


def shown(user: str, event: dict[str, Any]) -> Shown:
    return Shown(device=f"phone of {user}", user_id=user, conversation="p", event=event)


def screen(user: str, first_seq: int, *, read_seq: int, unread: int) -> Screen:
    return Screen(
        device=f"phone of {user}",
        user_id=user,
        conversation="p",
        first_seq=first_seq,
        shown={event["seq"]: event for event in HISTORY[first_seq - 1 :]},
        clashes=[],
        read_seq=read_seq,
        unread=unread,
        said_read=0,
    )


def lost(run: Run) -> Run:
    run.ledger.acknowledged.append(replace(run.ledger.acknowledged[0], client_id="m7"))
    return run


def doubled(run: Run) -> Run:
    return replace(run, histories={"p": [*HISTORY, {**a_message(6, ANN), "seq": 7}]})


def changed(run: Run) -> Run:
    other = {"content": {"type": "text", "text": "other words"}}
    run.ledger.acknowledged[0] = replace(run.ledger.acknowledged[0], fields=other)
    return run


def refused_and_stored(run: Run) -> Run:
    run.ledger.refusals["p", ANN, "m3"] = {"code": "not_member"}
    return run


def never_sent(run: Run) -> Run:
    run.ledger.attempted.clear()
    return run


def out_of_order(run: Run) -> Run:
    run.ledger.acknowledged.reverse()
    return run


def a_hole(run: Run) -> Run:
    return replace(run, histories={"p": [*HISTORY[:-1], {**HISTORY[-1], "seq": 7}]})


def ragged(run: Run) -> Run:
    run.ledger.ragged.append(("phone of ann", [3, 5]))
    return run


def shown_but_not_stored(run: Run) -> Run:
    run.ledger.observations.append(shown(ANN, a_message(7, BOB)))
    return run


def disagreeing(run: Run) -> Run:
    run.ledger.observations[2] = shown(ANN, {**a_message(3, BOB), "client_id": "other"})
    return run


def seen_by_a_stranger(run: Run) -> Run:
    run.ledger.observations.append(shown("dan", HISTORY[2]))
    return run


def seen_after_removal(run: Run) -> Run:
    run.ledger.observations.append(shown(CID, HISTORY[5]))
    return run


def missing_on_a_screen(run: Run) -> Run:
    there = dict(run.screens[0].shown)
    del there[4]
    return replace(run, screens=[replace(run.screens[0], shown=there)])


def stale_on_a_screen(run: Run) -> Run:
    edited = {**HISTORY[2], "content": {"type": "text", "text": "new"}, "edited_at": 2000}
    return replace(run, histories={"p": [*HISTORY[:2], edited, *HISTORY[3:]]})


def clashing(run: Run) -> Run:
    return replace(run, screens=[replace(run.screens[0], clashes=[(HISTORY[2], HISTORY[3])])])


def unread_drifted(run: Run) -> Run:
    return replace(run, screens=[replace(run.screens[1], unread=2)])


def read_forgotten(run: Run) -> Run:
    return replace(run, screens=[replace(run.screens[1], read_seq=3, unread=2, said_read=4)])


def member_unknown_to_the_log(run: Run) -> Run:
    return replace(run, members={"p": {ANN, BOB, CID}})


DAMAGE = (
    lost,
    doubled,
    changed,
    refused_and_stored,
    never_sent,
    out_of_order,
    a_hole,
    ragged,
    shown_but_not_stored,
    disagreeing,
    seen_by_a_stranger,
    seen_after_removal,
    missing_on_a_screen,
    stale_on_a_screen,
    clashing,
    unread_drifted,
    read_forgotten,
    member_unknown_to_the_log,
)


class TestFindings:
    def test_nothing_is_wrong_with_a_run_that_went_well(self) -> None:
        assert findings(a_run()) == []

    @pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
    def test_damage_is_found(self, damage: Callable[[Run], Run]) -> None:
        assert findings(damage(a_run()))

    def test_a_refused_command_is_not_lost(self) -> None:
        run = lost(a_run())
        run.ledger.refusals["p", ANN, "m7"] = {"code": "not_member"}
        assert findings(run) == []
