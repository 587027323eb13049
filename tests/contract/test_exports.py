"""What every `Exports` and every `Archives` promises."""

import io
import zipfile
from dataclasses import dataclass

import pytest
import requests

from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.exports import PostgresExports
from natter.adapters.postgres.users import PostgresUsers
from natter.adapters.s3.archives import S3Archives
from natter.domain.accounts.notifications import Notifications
from natter.domain.ids import ClientId, UserId, new_id
from natter.domain.messages.commands import RemoveMember
from natter.domain.privacy.requests import KEPT_MS, RUN_MS, Export, OwnData
from natter.ports.accounts import Users
from natter.ports.conversations import Conversations
from natter.ports.privacy import Archives, Exports
from tests.contract.conversation_store import a_direct, a_group, at_once
from tests.contract.s3 import S3Store
from tests.identity import NOON, a_user
from tests.memory.conversations import MemoryConversations
from tests.memory.exports import MemoryArchives, MemoryExports
from tests.memory.relations import MemoryBlocks, MemoryContacts
from tests.memory.users import MemoryUsers
from tests.messages import ANN, BOB, LOBBY, an_event

TIMEOUT_S = 60


@dataclass
class Setting:
    exports: Exports
    users: Users
    conversations: Conversations

    def person(self) -> UserId:
        user = a_user()
        self.users.add(user, "hash")
        return user.user_id


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def setting(request: pytest.FixtureRequest) -> Setting:
    if request.param == "memory":
        users = MemoryUsers()
        blocks = MemoryBlocks(users)
        conversations = MemoryConversations(users, blocks, MemoryContacts(users, blocks))
        return Setting(MemoryExports(conversations), users, conversations)
    database = request.getfixturevalue("postgres")
    return Setting(PostgresExports(database), PostgresUsers(database), PostgresConversations(database))


@pytest.fixture
def ann(setting: Setting) -> UserId:
    return setting.person()


def new(export_id: str) -> Export:
    return Export(export_id=export_id, done=False, new=True)


class TestExports:
    def test_of_several_who_ask_one_gets_the_new_one(self, setting: Setting, ann: UserId) -> None:
        answers = at_once(*(lambda each=each: setting.exports.ask(ann, each, at=NOON) for each in ("e1", "e2", "e3")))
        assert sorted(answer.new for answer in answers) == [False, False, True]
        assert len({answer.export_id for answer in answers}) == 1
        assert not any(answer.done for answer in answers)

    def test_begins_once_and_is_done(self, setting: Setting, ann: UserId) -> None:
        assert setting.exports.ask(ann, "e1", at=NOON) == new("e1")
        assert not setting.exports.begin(ann, "e2")
        assert [setting.exports.begin(ann, "e1") for _ in range(2)] == [True, False]
        assert [setting.exports.finish(ann, each, at=NOON) for each in ("e2", "e1", "e1")] == [False, True, True]
        assert setting.exports.ask(ann, "e2", at=NOON) == Export(export_id="e1", done=True, new=False)

    def test_another_is_asked_for_when_it_has_expired(self, setting: Setting, ann: UserId) -> None:
        setting.exports.ask(ann, "e1", at=NOON)
        setting.exports.begin(ann, "e1")
        setting.exports.finish(ann, "e1", at=NOON + 1)
        assert setting.exports.ask(ann, "e2", at=NOON + KEPT_MS).done
        assert setting.exports.ask(ann, "e2", at=NOON + KEPT_MS + 1) == new("e2")
        assert setting.exports.begin(ann, "e2")
        assert not setting.exports.finish(ann, "e1", at=NOON)

    def test_another_is_asked_for_when_it_has_died(self, setting: Setting, ann: UserId) -> None:
        setting.exports.ask(ann, "e1", at=NOON)
        setting.exports.begin(ann, "e1")
        assert not setting.exports.ask(ann, "e2", at=NOON + RUN_MS - 1).new
        assert setting.exports.ask(ann, "e2", at=NOON + RUN_MS) == new("e2")

    def test_what_came_to_nothing_makes_room(self, setting: Setting, ann: UserId) -> None:
        setting.exports.ask(ann, "e1", at=NOON)
        setting.exports.drop(ann, "e2")
        assert not setting.exports.ask(ann, "e2", at=NOON).new
        setting.exports.drop(ann, "e1")
        assert setting.exports.ask(ann, "e2", at=NOON) == new("e2")

    def test_everybody_has_their_own(self, setting: Setting, ann: UserId) -> None:
        bob = setting.person()
        assert setting.exports.ask(ann, "e1", at=NOON) == new("e1")
        assert setting.exports.ask(bob, "e2", at=NOON) == new("e2")

    def test_is_of_all_conversations_that_one_is_or_was_in(self, setting: Setting, ann: UserId) -> None:
        bob = setting.person()
        group, direct = (
            setting.conversations.create(each)[0].conversation_id for each in (a_group(bob, ann), a_direct(ann, bob))
        )
        setting.conversations.create(a_group(bob))
        leave = RemoveMember(client_id=ClientId(new_id()), user_id=ann)
        setting.conversations.change(group, ann, lambda _: leave, at=NOON)
        assert setting.exports.conversations(ann) == sorted([group, direct])


class ArchiveStore:
    """Archives, and what their users do with links."""

    def __init__(self, memory: MemoryArchives | None, s3: S3Store | None) -> None:
        self._memory = memory
        found: Archives | None = memory if s3 is None else S3Archives(lambda: s3.client, s3.bucket)
        assert found is not None
        self.archives = found

    def download(self, link: str) -> bytes | None:
        if self._memory is not None:
            return self._memory.download(link)
        answer = requests.get(link, timeout=TIMEOUT_S)
        return answer.content if answer.status_code == 200 else None


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.engines)])
def store(request: pytest.FixtureRequest) -> ArchiveStore:
    if request.param == "memory":
        return ArchiveStore(MemoryArchives(), None)
    return ArchiveStore(None, request.getfixturevalue("s3"))


def some_data(username: str = "ann") -> OwnData:
    events = [an_event(seq) for seq in range(1, 4)]
    return OwnData(
        user=a_user(username),
        notifications=Notifications(),
        devices=[],
        sessions=[],
        contacts=[],
        blocks=[],
        conversations=[],
        said=[(LOBBY, iter(events))],
    )


class TestArchives:
    def test_who_has_the_link_downloads_it(self, store: ArchiveStore) -> None:
        store.archives.store(ANN, "e1", some_data("first"))
        store.archives.store(ANN, "e1", some_data("again"))
        file = store.download(store.archives.link(ANN, "e1"))
        assert file is not None
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            assert b'"again"' in archive.read("profile.json")
            assert b"message 3" in archive.read(f"conversations/{LOBBY}/events.json")

    def test_all_of_a_user_can_be_erased_and_nobody_elses(self, store: ArchiveStore) -> None:
        for user, export_id in ((ANN, "e1"), (ANN, "e2"), (BOB, "e1")):
            store.archives.store(user, export_id, some_data())
        for _ in range(2):
            store.archives.erase(ANN)
        assert [store.download(store.archives.link(ANN, each)) for each in ("e1", "e2")] == [None, None]
        assert store.download(store.archives.link(BOB, "e1")) is not None
