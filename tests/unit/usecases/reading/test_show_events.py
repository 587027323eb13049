from collections.abc import Collection, Mapping
from typing import Any

import pytest

from natter.domain.fold.writes import Place
from natter.domain.ids import UserId
from natter.domain.messages.commands import Command
from natter.domain.messages.events import Event, Head
from natter.domain.messages.states import NAMED_USERS, MarkKey, MessageState
from natter.usecases.reading.show_events import ShowEvents
from natter.wire.events import event_fields
from tests.folds import a_conversation
from tests.memory.tables import MemoryTables
from tests.messages import ANN, LOBBY, a_command, a_delete, a_log, a_post, a_reaction, an_edit, created, text


class CountingTables(MemoryTables):
    looked_up = 0

    def states(self, places: Collection[Place], *, up_to: int) -> Mapping[Place, MessageState]:
        self.looked_up += len(places)
        return super().states(places, up_to=up_to)

    def marks(self, keys: Collection[MarkKey], *, up_to: int) -> Mapping[MarkKey, bool]:
        self.looked_up += len(keys)
        return super().marks(keys, up_to=up_to)


class Stage:
    """What is stored of the first commands of a conversation."""

    def __init__(self, *commands: Command) -> None:
        self.tables = CountingTables()
        conversation = a_conversation()
        for record in a_log(commands):
            self.tables.write(conversation.fold(record).rows)
        self.head: Head = conversation.head

    def shown(self, first: int = 1, *, reader: UserId = ANN, state_seq: int | None = None) -> list[dict[str, Any]]:
        end = self.head.seq if state_seq is None else state_seq
        events: list[Event] = list(self.tables.events(LOBBY, first, end, newest_first=False))
        shown = ShowEvents(timeline=self.tables)(reader, LOBBY, events, state_seq=end)
        return [event_fields(event) for event in shown]


class TestShowEvents:
    def test_where_nothing_has_happened_nothing_is_looked_up(self) -> None:
        stage = Stage(created(), a_command(a_post("x"), a_post("y")))
        assert [each.get("content") for each in stage.shown()] == [None, text("hello"), text("hello")]
        assert stage.tables.looked_up == 0

    def test_an_edited_message_says_what_an_edit_outside_the_page_says(self) -> None:
        stage = Stage(created(), a_command(a_post("x")), a_command(a_post("y")), a_command(an_edit("e", 2, "better")))
        (message,) = [each for each in stage.shown() if each["seq"] == 2]
        assert message["content"] == text("better")
        edit = stage.shown(4)[0]
        assert edit["content"] == text("better")

    def test_what_lies_above_the_place_has_not_happened(self) -> None:
        stage = Stage(created(), a_command(a_post("x")), a_command(an_edit("e", 2)), a_command(a_reaction("r", 2)))
        message = stage.shown(2, state_seq=3)[0]
        assert (message["content"], "reactions" in message) == (text("hello again"), False)
        message = stage.shown(2, state_seq=2)[0]
        assert (message["content"], "edited_at" in message) == (text("hello"), False)

    def test_a_deleted_message_says_nothing(self) -> None:
        stage = Stage(created(), a_command(a_post("x")), a_command(an_edit("e", 2)), a_command(a_delete("d", 2)))
        message, edit, _ = stage.shown(2)
        assert "content" not in {**message, **edit}
        assert message["deleted_at"]

    @pytest.mark.parametrize("more", [0, 1, 30])
    def test_whose_reaction_it_is_is_known_of_those_too_who_are_not_named(self, more: int) -> None:
        users = [UserId(f"user-{number}") for number in range(NAMED_USERS + more)]
        reactions = [a_command(a_reaction(f"r-{user}", 2), sender=user) for user in users]
        stage = Stage(created(dict.fromkeys([ANN, *users], "member")), a_command(a_post("x")), *reactions)
        for reader, mine in ((users[0], True), (users[-1], True), (ANN, False)):
            (reaction,) = stage.shown(2, reader=reader, state_seq=stage.head.seq)[0]["reactions"]
            assert (reaction["count"], reaction["mine"]) == (len(users), mine)
            assert reaction["user_ids"] == users[:NAMED_USERS]

    def test_however_much_has_happened_to_a_message_little_is_looked_up(self) -> None:
        toggles = [a_command(a_reaction(f"t{number}", 2, remove=number % 2 == 1)) for number in range(301)]
        stage = Stage(created(), a_command(a_post("x")), *toggles)
        events = list(stage.tables.events(LOBBY, 2, 2, newest_first=False))
        ShowEvents(timeline=stage.tables)(ANN, LOBBY, events, state_seq=stage.head.seq)
        assert stage.tables.looked_up == 1
