from collections.abc import Sequence

import pytest

from natter.domain.fold.accounting import Stored, own_outcome, unaccounted
from natter.domain.fold.conversation import client_id_key
from natter.domain.fold.writes import Outcome
from natter.domain.messages.commands import Record
from natter.domain.messages.events import Event, Head
from natter.names import EPOCH, RETRY_WINDOW_MS
from tests.messages import ANN, BOB, LOBBY, NOON, a_command, a_head, a_log, a_post, an_event

(RECORD,) = a_log([a_command(a_post("m5"))], first=7)
KEY = client_id_key(RECORD.command, RECORD.command.items[0])
EVENT = an_event(5)


def outcome(offset: int = 7, seq: int | None = 5, at: int = NOON) -> Outcome:
    return Outcome(
        epoch=EPOCH, offset=offset, item=0, at=at, seq=seq, refusal=None if seq is not None else "not_member"
    )


def stored(*outcomes: Outcome, event: Event | None = EVENT, head: Head | None = None) -> Stored:
    head = a_head(5) if head is None else head
    return Stored(outcomes={KEY: outcomes}, events={} if event is None else {(LOBBY, 5): event}, heads={LOBBY: head})


class TestUnaccounted:
    @pytest.mark.parametrize(
        ("found", "lost"),
        [
            (stored(outcome()), []),
            (stored(outcome(seq=None), event=None), []),
            (stored(), [0]),
            (stored(outcome(), event=None), [0]),
            (stored(outcome(), head=a_head(4)), [0]),
            (stored(outcome(), event=an_event(5, sender=BOB)), [0]),
            (stored(outcome(), event=an_event(5, client_id="m4")), [0]),
            (stored(outcome(), event=an_event(5, type="edit")), [0]),
            (stored(outcome(offset=3)), []),
            (stored(outcome(offset=3, at=NOON - RETRY_WINDOW_MS - 1)), [0]),
            (stored(outcome(offset=9)), [0]),
        ],
        ids=[
            "stored",
            "refused",
            "nothing",
            "no event",
            "above the head",
            "somebody else's",
            "of another client id",
            "of another kind",
            "repeats an earlier one",
            "which was too long ago",
            "repeated later",
        ],
    )
    def test_an_item_is_stored_refused_or_a_retry_or_it_is_lost(self, found: Stored, lost: Sequence[int]) -> None:
        assert unaccounted(RECORD, found) == lost

    def test_items_are_told_apart(self) -> None:
        (record,) = a_log([a_command(a_post("m5"), a_post("m6"))], first=7)
        assert unaccounted(record, stored(outcome())) == [1]

    def test_what_was_decided_elsewhere_has_no_client_id_of_its_own(self) -> None:
        decided = Record(command=a_command(a_post("m5"), decided=True), epoch=EPOCH, partition=0, offset=7, at=NOON)
        key = client_id_key(decided.command, decided.command.items[0])
        found = Stored(
            outcomes={key: [outcome()]}, events={(LOBBY, 5): an_event(5, client_id=None)}, heads={LOBBY: a_head(5)}
        )
        assert unaccounted(decided, found) == []


class TestOwnOutcome:
    def test_it_is_that_of_the_very_place(self) -> None:
        assert own_outcome(RECORD, 0, {KEY: [outcome(offset=3), outcome()]}) == outcome()
        assert own_outcome(RECORD, 0, {KEY: [outcome(offset=3)]}) is None
        assert KEY.sender_id == ANN
