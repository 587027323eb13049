from hypothesis import given
from hypothesis import strategies as st

from natter.domain.ids import UserId
from natter.domain.messages.states import NO_STATE, Bounds, MarkKey, MessageState, Reaction, is_set, reacted
from tests.messages import ANN, LOBBY

USERS = [UserId(f"user-{number}") for number in range(6)]
NARROW = Bounds(named=2)
steps = st.lists(st.tuples(st.sampled_from(USERS), st.sampled_from("+-!"), st.booleans()), max_size=60)


def a_key(user: UserId, reaction: str) -> MarkKey:
    return MarkKey(conversation_id=LOBBY, target_seq=1, reaction=reaction, user_id=user)


def after(happened: list[tuple[UserId, str, bool]]) -> tuple[MessageState, dict[MarkKey, bool]]:
    state, marks = NO_STATE, dict[MarkKey, bool]()
    for seq, (user, reaction, remove) in enumerate(happened, start=2):
        key = a_key(user, reaction)
        state, mark = reacted(state, key, seq=seq, remove=remove, marks=marks, bounds=NARROW)
        if mark is not None:
            marks[key] = mark
    return state, marks


class TestReacted:
    @given(steps)
    def test_counts_and_knows_everybody_who_has_set_one(self, happened: list[tuple[UserId, str, bool]]) -> None:
        """Whether they are named or have a mark, and whatever was done twice."""
        state, marks = after(happened)
        held = {(user, reaction): not remove for user, reaction, remove in happened}
        for reaction in "+-!":
            holders = {user for user in USERS if held.get((user, reaction))}
            found = state.reaction(reaction) or Reaction(reaction=reaction, count=0, users=())
            assert found.count == len(holders)
            assert holders.issuperset(found.users)
            assert len(found.users) == len(set(found.users)) <= NARROW.named
            assert {user for user in USERS if is_set(state, a_key(user, reaction), marks)} == holders

    @given(steps)
    def test_carries_none_that_nobody_holds(self, happened: list[tuple[UserId, str, bool]]) -> None:
        state, _ = after(happened)
        assert all(each.count for each in state.reactions)

    @given(steps)
    def test_marks_are_only_for_whom_there_is_no_room(self, happened: list[tuple[UserId, str, bool]]) -> None:
        state, marks = after(happened)
        for key, is_marked in marks.items():
            found = state.reaction(key.reaction)
            assert not (is_marked and found is not None and key.user_id in found.users)

    def test_who_takes_theirs_back_makes_room_for_the_next(self) -> None:
        one, two, three, four = USERS[:4]
        state, _ = after(
            [(one, "+", False), (two, "+", False), (three, "+", False), (one, "+", True), (four, "+", False)]
        )
        assert state.reactions == (Reaction(reaction="+", count=3, users=(two, four)),)


class TestMessageState:
    def test_a_deletion_takes_the_reactions_along_and_remembers_the_edits(self) -> None:
        state, _ = reacted(NO_STATE, a_key(ANN, "+"), seq=2, remove=False, marks={})
        state = state.edited(3, 30).edited(4, 40).deleted(5, 50)
        assert state == MessageState(seq=5, edits=(3, 4), edited_at=40, deleted_at=50)
