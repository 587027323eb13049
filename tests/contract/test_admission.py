"""What every `Admission` promises."""

from collections.abc import Callable

import pytest

from natter.adapters.valkey.admission import ValkeyAdmission
from natter.adapters.valkey.client import Valkey
from natter.domain.conversations.roster import NO_ROSTER, Roster
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId, new_id
from natter.domain.messages.commands import Command
from natter.ports.conversations import Admission
from natter.settings import ValkeySettings
from tests.contract.decided import Decided
from tests.memory.admission import MemoryAdmission

NOWHERE = ValkeySettings(endpoint="127.0.0.1:1", auth="none")


@pytest.fixture
def decided() -> Decided:
    return Decided()


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def admission(request: pytest.FixtureRequest, decided: Decided) -> Admission:
    if request.param == "memory":
        return MemoryAdmission(decided)
    return ValkeyAdmission(request.getfixturevalue("valkey"), decided)


class TestAdmissionContract:
    def test_members_are_admitted_in_their_role(self, admission: Admission, decided: Decided) -> None:
        """Also the second time, when it may be remembered."""
        decided.decide(decided.lobby, decided.bob, "member")
        for _ in range(2):
            assert admission.role(decided.lobby, decided.ann) == "owner"
            assert admission.role(decided.lobby, decided.bob) == "member"

    def test_strangers_are_not(self, admission: Admission, decided: Decided) -> None:
        """P8."""
        for _ in range(2):
            assert admission.role(decided.lobby, decided.bob) is None
            assert admission.role(ConversationId(new_id()), decided.ann) is None

    def test_all_members_are_known_with_their_roles(self, admission: Admission, decided: Decided) -> None:
        """Also the second time, when it may be remembered."""
        decided.decide(decided.lobby, decided.bob, "admin")
        for _ in range(2):
            assert admission.roster(decided.lobby) == Roster(
                version=2,
                kind="group",
                roles={decided.ann: "owner", decided.bob: "admin"},
                untold=frozenset({decided.ann, decided.bob}),
            )

    def test_who_has_a_role_that_the_log_was_not_told_of_is_known(self, admission: Admission, decided: Decided) -> None:
        """In whatever is remembered, until it is replaced after the log was told. Who had theirs before is told."""
        log: list[Command] = []
        decided.publish(decided.lobby, log.append)
        decided.decide(decided.lobby, decided.bob, "member")
        admission.replace(decided.lobby)
        for _ in range(2):
            assert admission.roster(decided.lobby).untold == {decided.bob}
            assert admission.role(decided.lobby, decided.bob) == "member"
        decided.publish(decided.lobby, log.append)
        decided.decide(decided.lobby, decided.ann, "admin")
        admission.replace(decided.lobby)
        assert admission.roster(decided.lobby).untold == {decided.ann}
        decided.publish(decided.lobby, log.append)
        admission.replace(decided.lobby)
        assert admission.roster(decided.lobby).untold == frozenset()

    def test_several_are_known_at_once(self, admission: Admission, decided: Decided) -> None:
        """Remembered or not; of one that does not exist, that."""
        nowhere = ConversationId(new_id())
        admission.roster(decided.lobby)
        for _ in range(2):
            found = admission.rosters([nowhere, decided.direct, decided.lobby])
            assert list(found) == [nowhere, decided.direct, decided.lobby]
            assert found[nowhere] == NO_ROSTER
            assert found[decided.lobby] == admission.roster(decided.lobby)
            assert found[decided.direct].roles == {decided.ann: "member", decided.bob: "member"}
        assert admission.rosters([]) == {}

    def test_of_a_conversation_that_does_not_exist_nobody_is(self, admission: Admission) -> None:
        for _ in range(2):
            assert admission.roster(ConversationId(new_id())) == NO_ROSTER

    def test_after_a_change_was_replaced_nobody_is_admitted_by_what_was_before(
        self, admission: Admission, decided: Decided
    ) -> None:
        """P8."""
        decided.decide(decided.lobby, decided.bob, "member")
        assert admission.role(decided.lobby, decided.bob) == "member"
        decided.decide(decided.lobby, decided.bob, None)
        admission.replace(decided.lobby)
        assert admission.role(decided.lobby, decided.bob) is None
        assert admission.roster(decided.lobby).roles == {decided.ann: "owner"}

    def test_after_a_block_was_replaced_it_counts_until_it_was_lifted(
        self, admission: Admission, decided: Decided
    ) -> None:
        """Also the second time, when it may be remembered; in a group of the two it counts for nothing."""
        decided.decide(decided.lobby, decided.bob, "member")
        steps: list[tuple[Callable[[], None], bool]] = [(decided.block, True), (decided.unblock, False)]
        assert not admission.roster(decided.direct).blocked
        for change, blocked in steps:
            change()
            for conversation in (decided.direct, decided.lobby):
                admission.replace(conversation)
            for _ in range(2):
                roster = admission.roster(decided.direct)
                assert (roster.blocked, roster.roles) == (blocked, {decided.ann: "member", decided.bob: "member"})
                assert admission.role(decided.direct, decided.ann) == "member"
                assert not admission.roster(decided.lobby).blocked

    def test_there_is_nothing_to_replace_of_nothing(self, admission: Admission) -> None:
        nowhere = ConversationId(new_id())
        admission.replace(nowhere)
        assert admission.roster(nowhere) == NO_ROSTER

    def test_without_the_database_nobody_can_tell(self, admission: Admission, decided: Decided) -> None:
        decided.answers = False
        with pytest.raises(Unavailable):
            admission.role(decided.lobby, decided.ann)
        with pytest.raises(Unavailable):
            admission.roster(decided.lobby)
        with pytest.raises(Unavailable):
            admission.replace(decided.lobby)


@pytest.mark.engines
class TestSnapshot:
    @pytest.fixture
    def admission(self, valkey: Valkey, decided: Decided) -> ValkeyAdmission:
        return ValkeyAdmission(valkey, decided)

    def test_the_database_is_asked_once_for_all_members_and_strangers(
        self, admission: ValkeyAdmission, decided: Decided
    ) -> None:
        roles = [admission.role(decided.lobby, user) for user in (decided.ann, decided.bob, decided.ann)]
        assert (roles, decided.asked) == (["owner", None, "owner"], 1)

    def test_whoever_asks_for_all_finds_what_was_remembered_for_one(
        self, admission: ValkeyAdmission, decided: Decided
    ) -> None:
        assert admission.role(decided.lobby, decided.ann) == "owner"
        assert admission.roster(decided.lobby).roles == {decided.ann: "owner"}
        assert admission.role(decided.lobby, decided.bob) is None
        assert decided.asked == 1

    def test_one_without_the_kind_is_made_anew(
        self, admission: ValkeyAdmission, decided: Decided, valkey: Valkey
    ) -> None:
        """As those were that an earlier version left behind."""
        admission.role(decided.lobby, decided.ann)
        with valkey.client() as client:
            client.hdel(f"members:{decided.lobby}", ".kind")
        for _ in range(2):
            assert admission.roster(decided.lobby).kind == "group"
        assert decided.asked == 2

    def test_a_conversation_that_does_not_exist_is_not_remembered(
        self, admission: ValkeyAdmission, decided: Decided, valkey: Valkey
    ) -> None:
        """Nobody should be able to fill the cache."""
        unknown = ConversationId(new_id())
        assert admission.role(unknown, decided.ann) is None
        assert admission.roster(unknown) == NO_ROSTER
        admission.replace(unknown)
        with valkey.client() as client:
            assert client.exists(f"members:{unknown}") == 0

    def test_it_is_forgotten_in_the_end(self, admission: ValkeyAdmission, decided: Decided, valkey: Valkey) -> None:
        admission.role(decided.lobby, decided.ann)
        with valkey.client() as client:
            assert 3500 < client.ttl(f"members:{decided.lobby}") <= 3600

    def test_a_slow_reader_does_not_put_an_old_one_back(
        self, admission: ValkeyAdmission, decided: Decided, valkey: Valkey
    ) -> None:
        """P8. While its answer was on the way, Bob joined, and another environment remembered that."""
        other = ValkeyAdmission(valkey, decided)

        def join() -> None:
            decided.meanwhile = lambda: None
            decided.decide(decided.lobby, decided.bob, "member")
            assert other.role(decided.lobby, decided.bob) == "member"

        decided.meanwhile = join
        assert admission.role(decided.lobby, decided.bob) is None
        assert admission.role(decided.lobby, decided.bob) == "member"

    def test_a_slow_reader_does_not_put_one_from_before_a_block_back(
        self, admission: ValkeyAdmission, decided: Decided, valkey: Valkey
    ) -> None:
        """While its answer was on the way, Bob blocked Ann, which is no change of the conversation's members."""
        other = ValkeyAdmission(valkey, decided)

        def block() -> None:
            decided.meanwhile = lambda: None
            decided.block()
            other.replace(decided.direct)

        decided.meanwhile = block
        assert not admission.roster(decided.direct).blocked
        assert admission.roster(decided.direct).blocked

    def test_a_later_one_leaves_nothing_of_the_one_before(
        self, admission: ValkeyAdmission, decided: Decided, valkey: Valkey
    ) -> None:
        """P8. Two found nothing remembered; the one that read later answers last, when Bob has left."""
        decided.decide(decided.lobby, decided.bob, "member")
        other = ValkeyAdmission(valkey, decided)
        admission.role(decided.lobby, decided.ann)
        decided.decide(decided.lobby, decided.bob, None)
        other.replace(decided.lobby)
        assert admission.role(decided.lobby, decided.bob) is None
        assert admission.role(decided.lobby, decided.ann) == "owner"


class TestValkeyIsDown:
    def test_the_database_decides(self, decided: Decided, caplog: pytest.LogCaptureFixture) -> None:
        admission = ValkeyAdmission(Valkey(NOWHERE, lambda: None), decided)
        assert admission.role(decided.lobby, decided.ann) == "owner"
        assert admission.role(decided.lobby, UserId(new_id())) is None
        assert admission.roster(decided.lobby).roles == {decided.ann: "owner"}
        assert caplog.messages == ["admission asks the database: cache did not answer in time"] * 3

    def test_a_change_cannot_be_promised(self, decided: Decided) -> None:
        """P8. What is remembered may admit somebody who was removed."""
        with pytest.raises(Unavailable, match="cache"):
            ValkeyAdmission(Valkey(NOWHERE, lambda: None), decided).replace(decided.lobby)

    def test_without_either_nobody_can_tell(self, decided: Decided) -> None:
        decided.answers = False
        with pytest.raises(Unavailable, match="the database"):
            ValkeyAdmission(Valkey(NOWHERE, lambda: None), decided).role(decided.lobby, decided.ann)
