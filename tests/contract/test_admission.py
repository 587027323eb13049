"""What every `Admission` promises."""

from collections.abc import Callable

import pytest

from natter.adapters.admission_memory import MemoryAdmission
from natter.adapters.admission_valkey import ValkeyAdmission
from natter.adapters.conversations_memory import MemoryConversations
from natter.adapters.users_memory import MemoryUsers
from natter.adapters.valkey import Valkey
from natter.domain.conversations import Member
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId, new_id
from natter.ports.conversations import Admission, NewConversation, Roster
from natter.settings import ValkeySettings
from tests.identity import NOON, a_user

NOWHERE = ValkeySettings(endpoint="127.0.0.1:1", auth="none")


class Decided(MemoryConversations):
    """A conversation of Ann alone; counts how often it was asked for its members, and may not answer."""

    def __init__(self) -> None:
        users = MemoryUsers()
        super().__init__(users)
        ann, bob = a_user(), a_user()
        users.add(ann, "hash")
        users.add(bob, "hash")
        self.ann, self.bob = ann.user_id, bob.user_id
        self.lobby = ConversationId(new_id())
        self.asked = 0
        self.answers = True
        self.meanwhile: Callable[[], None] = lambda: None
        """Happens after the database has read the members and before the answer arrives."""
        self.create(
            NewConversation(
                conversation_id=self.lobby,
                kind="group",
                title="Lobby",
                history="joined",
                created_by=self.ann,
                created_at=NOON,
                members=(Member(user_id=self.ann, role="owner"),),
            )
        )

    def roles(self, conversation: ConversationId) -> Roster:
        self.asked += 1
        if not self.answers:
            raise Unavailable("the database")
        roster = super().roles(conversation)
        self.meanwhile()
        return roster


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

    def test_without_the_database_nobody_can_tell(self, admission: Admission, decided: Decided) -> None:
        decided.answers = False
        with pytest.raises(Unavailable):
            admission.role(decided.lobby, decided.ann)


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

    def test_a_conversation_that_does_not_exist_is_not_remembered(
        self, admission: ValkeyAdmission, decided: Decided, valkey: Valkey
    ) -> None:
        """Nobody should be able to fill the cache."""
        unknown = ConversationId(new_id())
        assert admission.role(unknown, decided.ann) is None
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

    def test_a_later_one_leaves_nothing_of_the_one_before(
        self, admission: ValkeyAdmission, decided: Decided, valkey: Valkey
    ) -> None:
        """P8. Two found nothing remembered; the one that read later answers last, when Bob has left."""
        decided.decide(decided.lobby, decided.bob, "member")
        other = ValkeyAdmission(valkey, decided)
        admission.role(decided.lobby, decided.ann)
        decided.decide(decided.lobby, decided.bob, None)
        other._remember(decided.lobby, decided.roles(decided.lobby))
        assert admission.role(decided.lobby, decided.bob) is None
        assert admission.role(decided.lobby, decided.ann) == "owner"


class TestValkeyIsDown:
    def test_the_database_decides(self, decided: Decided, caplog: pytest.LogCaptureFixture) -> None:
        admission = ValkeyAdmission(Valkey(NOWHERE, lambda: None), decided)
        assert admission.role(decided.lobby, decided.ann) == "owner"
        assert admission.role(decided.lobby, UserId(new_id())) is None
        assert caplog.messages == ["admission asks the database: cache did not answer in time"] * 2

    def test_without_either_nobody_can_tell(self, decided: Decided) -> None:
        decided.answers = False
        with pytest.raises(Unavailable, match="the database"):
            ValkeyAdmission(Valkey(NOWHERE, lambda: None), decided).role(decided.lobby, decided.ann)
