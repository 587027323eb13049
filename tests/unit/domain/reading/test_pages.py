"""What pages show, against a client that takes the events one by one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.ids import UserId
from natter.domain.messages.events import Event
from natter.domain.messages.states import NO_STATE, MarkKey, MessageState, reacted
from natter.domain.reading.pages import Effects, as_of, last_edits, marks_of, targets_of
from natter.wire.events import event_fields
from tests.messages import ANN, BOB, CID, LOBBY, an_event, text
from tests.support.view import View

EFFECTS = {"edit", "delete", "reaction"}


def an_edit_of(target_seq: int, seq: int, words: str = "better") -> Event:
    return an_event(seq, type="edit", payload={"target_seq": target_seq, "content": text(words)})


def a_delete_of(target_seq: int, seq: int) -> Event:
    return an_event(seq, type="delete", payload={"target_seq": target_seq})


def a_reaction_to(target_seq: int, seq: int, reaction: str, user: UserId = ANN, *, removed: bool = False) -> Event:
    more = {"removed": True} if removed else {}
    return an_event(seq, sender=user, type="reaction", payload={"target_seq": target_seq, "reaction": reaction, **more})


def state_of(message: Event, events: Iterable[Event], up_to: int) -> MessageState:
    """What `events` have made of `message` by place `up_to`."""
    state = NO_STATE
    marks: dict[MarkKey, bool] = {}
    for event in events:
        if event.type not in EFFECTS or event.payload["target_seq"] != message.seq or event.seq > up_to:
            continue
        if event.type == "edit":
            state = state.edited(event.seq, event.at)
        elif event.type == "delete":
            state = state.deleted(event.seq, event.at)
        else:
            key = a_mark(message, event.payload["reaction"], event.sender_id)
            state, mark = reacted(state, key, seq=event.seq, remove="removed" in event.payload, marks=marks)
            if mark is not None:
                marks[key] = mark
    return state


def a_mark(message: Event, reaction: str, user: UserId) -> MarkKey:
    return MarkKey(conversation_id=message.conversation_id, target_seq=message.seq, reaction=reaction, user_id=user)


@dataclass
class Store:
    """What is left of `events` once all of them are written: a deletion empties what its target said (data.md)."""

    happened: Sequence[Event]
    events: list[Event] = field(init=False)

    def __post_init__(self) -> None:
        deleted = {event.payload["target_seq"]: event.at for event in self.happened if event.type == "delete"}
        amended = {event.payload["target_seq"]: event.seq for event in self.happened if event.type in EFFECTS}
        self.events = [replace(_kept(event, deleted), amended_by=amended.get(event.seq, 0)) for event in self.happened]

    def page(self, *, state_seq: int, reader: UserId = ANN, first: int = 1) -> list[dict[str, Any]]:
        events = self.events[first - 1 : state_seq]
        states = {seq: state_of(self.happened[seq - 1], self.happened, state_seq) for seq in targets_of(events)}
        effects = Effects(
            states=states,
            edits={seq: self.events[seq - 1] for seq in last_edits(states.values())},
            marks={key: self._is_marked(key, state_seq) for key in marks_of(LOBBY, states, reader)},
        )
        return [event_fields(event) for event in as_of(events, effects, reader=reader)]

    def _is_marked(self, key: MarkKey, state_seq: int) -> bool:
        """Whether the last that the user did with the reaction was to set it."""
        said = [
            "removed" not in event.payload
            for event in self.happened[:state_seq]
            if event.type == "reaction"
            and a_mark(self.happened[event.payload["target_seq"] - 1], event.payload["reaction"], event.sender_id)
            == key
        ]
        return said[-1:] == [True]


def _target(event: Event) -> int | None:
    return {"message": event.seq, "edit": event.payload.get("target_seq")}.get(event.type)


def _kept(event: Event, deleted: Mapping[int, int]) -> Event:
    """What the store has of `event`: of what was deleted, the time or the target."""
    target = _target(event)
    if target is None or target not in deleted:
        return event
    left = {"deleted_at": deleted[target]} if event.type == "message" else {"target_seq": target}
    return replace(event, payload=left)


def shown(*events: Event, reader: UserId = ANN) -> list[dict[str, Any]]:
    return Store(events).page(state_seq=len(events), reader=reader)


class TestMessages:
    def test_without_effects_is_as_it_was_sent(self) -> None:
        message = an_event(1, payload={"content": text("hi"), "reply_to": 1, "mentions": [BOB]})
        assert shown(message) == [event_fields(message)]

    def test_edited_says_what_the_last_edit_says(self) -> None:
        message = an_event(1, payload={"content": text("hi"), "reply_to": 1})
        page = shown(message, an_edit_of(1, 2, "hello"), an_edit_of(1, 3, "good day"))
        assert page[0] == event_fields(message) | {"content": text("good day"), "edited_at": an_event(3).at}
        assert "content" not in page[1]
        assert page[1]["target_seq"] == 1
        assert page[2]["content"] == text("good day")

    def test_deleted_says_nothing(self) -> None:
        message = an_event(1, payload={"content": text("hi"), "reply_to": 1, "mentions": [BOB]})
        page = shown(message, a_reaction_to(1, 2, "👍"), an_edit_of(1, 3), a_delete_of(1, 4))
        assert page[0] == {
            "seq": 1,
            "type": "message",
            "at": message.at,
            "sender_id": ANN,
            "client_id": "m1",
            "deleted_at": an_event(4).at,
        }
        assert "content" not in page[2]
        assert [event["type"] for event in page] == ["message", "reaction", "edit", "delete"]

    def test_an_edit_of_an_older_page_has_words_only_while_they_stand(self) -> None:
        events = [an_event(1), an_edit_of(1, 2, "one"), an_edit_of(1, 3, "two"), an_event(4)]
        assert [event.get("content") for event in Store(events).page(state_seq=4, first=2)] == [
            None,
            text("two"),
            text("message 4"),
        ]


class TestReactions:
    def test_stand_in_the_order_of_setting_and_say_whose_they_are(self) -> None:
        (message, *_) = shown(
            an_event(1),
            a_reaction_to(1, 2, "👍", BOB),
            a_reaction_to(1, 3, "🎉", CID),
            a_reaction_to(1, 4, "👍", ANN),
            a_reaction_to(1, 5, "👍", BOB),
        )
        assert message["reactions"] == [
            {"reaction": "👍", "count": 2, "mine": True, "user_ids": [BOB, ANN]},
            {"reaction": "🎉", "count": 1, "mine": False, "user_ids": [CID]},
        ]

    def test_removing_takes_back_ones_own(self) -> None:
        (message, *_) = shown(
            an_event(1),
            a_reaction_to(1, 2, "👍", BOB),
            a_reaction_to(1, 3, "👍", CID),
            a_reaction_to(1, 4, "👍", BOB, removed=True),
            a_reaction_to(1, 5, "👍", ANN, removed=True),
        )
        assert message["reactions"] == [{"reaction": "👍", "count": 1, "mine": False, "user_ids": [CID]}]

    def test_that_nobody_holds_any_more_are_not_listed(self) -> None:
        (message, *_) = shown(an_event(1), a_reaction_to(1, 2, "👍"), a_reaction_to(1, 3, "👍", removed=True))
        assert "reactions" not in message

    @pytest.mark.parametrize("count", [20, 21, 300])
    def test_all_are_counted_and_the_first_twenty_named(self, count: int) -> None:
        users = [UserId(f"user-{number}") for number in range(count)]
        reactions = [a_reaction_to(1, seq, "👍", user) for seq, user in enumerate(users, start=2)]
        (message, *_) = shown(an_event(1), *reactions, reader=users[-1])
        assert message["reactions"] == [{"reaction": "👍", "count": count, "mine": True, "user_ids": users[:20]}]


class TestState:
    def test_what_lies_above_does_not_count(self) -> None:
        events = [an_event(1), a_reaction_to(1, 2, "👍"), an_edit_of(1, 3), a_reaction_to(1, 4, "👍", removed=True)]
        (message, _) = Store(events).page(state_seq=2)
        assert message["content"] == text("message 1")
        assert [each["reaction"] for each in message["reactions"]] == ["👍"]

    def test_words_that_a_deletion_above_has_emptied_are_gone_already(self) -> None:
        """It was written, its head was not yet: nothing is left to be shown."""
        events = [an_event(1), an_edit_of(1, 2), an_event(3), a_delete_of(1, 4)]
        message, edit, _ = Store(events).page(state_seq=3)
        assert message["deleted_at"] == an_event(4).at
        assert "content" not in {**message, **edit}

    def test_a_deletion_that_is_half_written_shows_no_words_either(self) -> None:
        """Any of its rows may be missing, while others are there."""
        events = [an_event(1), an_edit_of(1, 2), an_event(3), a_delete_of(1, 4)]
        emptied, edit = Store(events).events[:2]
        for first, second in ((emptied, an_edit_of(1, 2)), (replace(an_event(1), amended_by=2), edit)):
            stored = Store(events)
            stored.events[:2] = [first, second]
            message, shown_edit, _ = stored.page(state_seq=3)
            assert "content" not in message
            assert message["deleted_at"]
            assert shown_edit.get("content") in (None, text("better"))


class TestTargets:
    def test_are_the_messages_that_were_changed_and_what_edits_point_at(self) -> None:
        """Where nothing has happened, nothing has to be read."""
        changed = replace(an_event(7), amended_by=12)
        assert set(targets_of([changed, a_reaction_to(3, 8, "👍"), an_event(9), an_edit_of(2, 10)])) == {7, 2}

    def test_are_none_where_nothing_can_be_changed(self) -> None:
        created = an_event(1, type="conversation_created", payload={})
        assert not targets_of([])
        assert not targets_of([created])


USERS = [ANN, BOB, CID]
step = st.tuples(
    st.sampled_from(["message", "edit", "delete", "reaction", "reaction", "removal"]),
    st.integers(0, 5),
    st.sampled_from(USERS),
    st.sampled_from(["👍", "🎉"]),
)


def happening(steps: Sequence[tuple[str, int, UserId, str]]) -> list[Event]:
    """A log in which nothing happens to what was deleted; the fold sees to that."""
    events: list[Event] = []
    alive: list[int] = []
    for kind, choice, user, reaction in steps:
        seq = len(events) + 1
        if kind == "message" or not alive:
            events.append(an_event(seq, sender=user, payload={"content": text(f"message {seq}"), "mentions": [BOB]}))
            alive.append(seq)
            continue
        target = alive[-1 - choice % len(alive)]
        if kind == "edit":
            events.append(an_edit_of(target, seq, f"edit {seq}"))
        elif kind == "delete":
            events.append(a_delete_of(target, seq))
            alive.remove(target)
        else:
            events.append(a_reaction_to(target, seq, reaction, user, removed=kind == "removal"))
    return events


def live(events: Sequence[Event]) -> list[dict[str, Any]]:
    return [event_fields(event) for event in events]


logs = st.lists(step, min_size=1, max_size=40).map(happening)


class TestLaws:
    @given(logs, st.sampled_from(USERS))
    def test_a_page_is_what_the_events_have_come_to(self, events: list[Event], reader: UserId) -> None:
        """P2."""
        view = View(reader)
        view.take_live(live(events))
        assert Store(events).page(state_seq=len(events), reader=reader) == list(view.shown().values())

    @given(logs, st.sampled_from(USERS), st.data())
    def test_a_page_and_what_follows_live_come_to_a_later_page(
        self, events: list[Event], reader: UserId, data: st.DataObject
    ) -> None:
        """P2. Whatever of what follows is stored already, without a head that covers it."""
        state_seq = data.draw(st.integers(1, len(events)))
        stored = Store(events[: data.draw(st.integers(state_seq, len(events)))])
        view = View(reader)
        view.take_page(stored.page(state_seq=state_seq, reader=reader), state_seq=state_seq)
        view.take_live(live(events[state_seq:]))
        assert list(view.shown().values()) == Store(events).page(state_seq=len(events), reader=reader)

    @given(logs, st.data())
    def test_pages_read_at_different_times_come_to_the_same(self, events: list[Event], data: st.DataObject) -> None:
        """P2. The older one read first or last, live events in between."""
        state_seq = data.draw(st.integers(1, len(events)))
        middle = data.draw(st.integers(1, state_seq))
        view = View(BOB)
        older = Store(events[:state_seq]).page(state_seq=state_seq, reader=BOB)[:middle]
        newer = Store(events).page(state_seq=len(events), reader=BOB, first=middle + 1)
        takings: list[Callable[[], None]] = [
            lambda: view.take_page(older, state_seq=state_seq),
            lambda: view.take_live(live(events[state_seq:])),
            lambda: view.take_page(newer, state_seq=len(events)),
        ]
        for take in data.draw(st.permutations(takings)):
            take()
        assert list(view.shown().values()) == Store(events).page(state_seq=len(events), reader=BOB)
