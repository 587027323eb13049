from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.conversations.members import MembershipChange, Role
from natter.domain.delivery import Undelivered
from natter.domain.errors import Unavailable
from natter.domain.fold.writes import RosterRow
from natter.domain.ids import ConversationId, UserId
from natter.usecases.delivery.fanout import Fanout
from natter.usecases.delivery.settle_posts import SLICE_CONNECTIONS, SLICE_EVENTS
from tests.deliveries import a_slice
from tests.memory.connections import MemoryConnections
from tests.memory.deliveries import MemorySliceQueue
from tests.memory.tables import MemoryTables
from tests.messages import ANN, BOB, CID, KITCHEN, LOBBY, NOON, a_connection


class Stage:
    def __init__(self, *users: UserId, devices: int = 1) -> None:
        self.asked: list[str] = []
        self.tables, self.registry, self.queue = MemoryTables(), MemoryConnections(), MemorySliceQueue()
        self.connections = [a_connection(user, f"{user}-{device}") for user in users for device in range(devices)]
        for connection in self.connections:
            self.registry.register(connection)
        self.fanout = Fanout(
            timeline=self.tables,
            connections=self.registry,
            queue=self.queue,
            now_ms=lambda: NOON,
            rebuild=lambda: self.asked.append("again"),
        )

    def change(
        self, users: Iterable[UserId], seq: int, *, gone: bool = False, conversation: ConversationId = LOBBY
    ) -> None:
        role: Role | None = None if gone else "member"
        changes = tuple(MembershipChange(user_id=user, seq=seq, role=role, messages=0) for user in users)
        self.tables.write(
            [RosterRow(conversation_id=conversation, seq=seq, changes=changes, members=None, written_at=seq)]
        )


def undelivered(first: int, last: int, conversation: ConversationId = LOBBY) -> Undelivered:
    return Undelivered(conversation_id=conversation, first=first, last=last)


class TestFanout:
    def test_what_was_left_over_is_queued_for_all_connections_of_the_members(self) -> None:
        stage = Stage(ANN, BOB, CID, devices=2)
        stage.change([ANN, BOB], 1)
        assert stage.fanout([undelivered(2, 4)]) == 1
        assert stage.queue.slices == [a_slice(*stage.connections[:4], seqs=(2, 3, 4))]
        assert stage.queue.delays_s == [0]

    def test_each_is_shown_what_happened_while_they_belonged_to_it(self) -> None:
        """P8."""
        stage = Stage(ANN, BOB, CID)
        anns, bobs, cids = stage.connections
        stage.change([ANN, BOB], 1)
        stage.change([CID], 3)
        stage.change([BOB], 4, gone=True)
        stage.fanout([undelivered(2, 5)])
        assert stage.queue.slices == [
            a_slice(anns, seqs=(2, 3, 4, 5)),
            a_slice(bobs, seqs=(2, 3, 4)),
            a_slice(cids, seqs=(3, 4, 5)),
        ]

    def test_a_batch_of_one_conversation_is_shown_at_once_and_what_came_twice_once(self) -> None:
        stage = Stage(ANN)
        stage.change([ANN], 1)
        stage.fanout([undelivered(2, 3), undelivered(6, 6), undelivered(3, 4)])
        assert stage.queue.slices == [a_slice(*stage.connections, seqs=(2, 3, 4, 6))]

    def test_conversations_are_apart(self) -> None:
        stage = Stage(ANN)
        stage.change([ANN], 1)
        stage.change([ANN], 1, conversation=KITCHEN)
        assert stage.fanout([undelivered(2, 2), undelivered(2, 2, KITCHEN)]) == 2
        assert {each.conversation_id for each in stage.queue.slices} == {LOBBY, KITCHEN}

    def test_of_nobody_connected_there_is_no_slice(self) -> None:
        stage = Stage()
        stage.change([ANN], 1)
        assert (stage.fanout([undelivered(2, 2)]), stage.queue.slices) == (0, [])

    def test_of_whom_the_registry_has_lost_something_it_waits_and_has_it_rebuilt(self) -> None:
        stage = Stage(ANN)
        stage.change([ANN], 1)
        stage.registry.lose()
        with pytest.raises(Unavailable):
            stage.fanout([undelivered(2, 2)])
        assert (stage.asked, stage.queue.slices) == (["again"], [])

    def test_it_does_not_wait_for_ever(self) -> None:
        """Bob has connected since, or pinged."""
        stage = Stage(ANN)
        stage.change([ANN, BOB], 1)
        stage.registry.lose()
        stage.registry.register(a_connection(BOB))
        assert stage.fanout([undelivered(2, 2)], waits=False) == 1
        assert stage.queue.slices == [a_slice(a_connection(BOB), seqs=(2,))]

    @given(people=st.integers(0, 3 * SLICE_CONNECTIONS), events=st.integers(1, 3 * SLICE_EVENTS))
    def test_every_event_of_every_connection_is_in_exactly_one_slice_of_bounded_size(
        self, people: int, events: int
    ) -> None:
        stage = Stage(*(UserId(f"u{number:03}") for number in range(people)))
        stage.change([each.user_id for each in stage.connections], 1)
        stage.fanout([undelivered(1, events)])
        slices = stage.queue.slices
        assert all(len(each.connections) <= SLICE_CONNECTIONS and len(each.seqs) <= SLICE_EVENTS for each in slices)
        pairs = [
            (connection.connection_id, seq) for each in slices for connection in each.connections for seq in each.seqs
        ]
        assert len(pairs) == len(set(pairs)) == people * events
