"""Whatever runs for every request finds its rows by an index, however many there are."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace

import pytest

from functions.migrate.handler import opener, upgrade
from local.engines import Endpoints
from natter.adapters.postgres.acquaintances import PostgresAcquaintances
from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.devices import PostgresDevices
from natter.adapters.postgres.erasures import PostgresErasures
from natter.adapters.postgres.exports import PostgresExports
from natter.adapters.postgres.identities import PostgresIdentities
from natter.adapters.postgres.notifications import PostgresNotificationSettings
from natter.adapters.postgres.push_registrations import PostgresAbandonedEndpoints, PostgresPushRegistrations
from natter.adapters.postgres.reachables import PostgresReachables
from natter.adapters.postgres.relations import PostgresBlocks, PostgresContacts, PostgresProfiles
from natter.adapters.postgres.sessions import PostgresSessions
from natter.adapters.postgres.users import PostgresUsers
from natter.domain.accounts.identities import Identity
from natter.domain.accounts.refresh_tokens import RefreshToken
from natter.domain.accounts.users import SESSION_IDLE_MS, ProfileChange, PushTarget
from natter.domain.conversations.records import NewConversation
from natter.domain.conversations.roster import StaleRoster
from natter.domain.ids import ConversationId, DeviceId, SessionId, UserId
from natter.domain.push.registrations import Registration
from natter.settings import PostgresSettings
from tests.contract import crowd
from tests.contract.conftest import LOGIN, ROLE
from tests.contract.conversation_store import a_direct, a_group
from tests.contract.plans import PlannedPostgres
from tests.identity import NOON, a_principal, a_session, a_user

pytestmark = pytest.mark.engines

ANN, BOB = UserId("user-1"), UserId("user-2")
LOBBY, HALL = ConversationId("direct-1"), ConversationId("group-1")
PHONE, SESSION = DeviceId("phone"), SessionId("session-1-0")
RENAMED = ProfileChange(display_name="Bob")
TARGET = PushTarget(provider="fcm", token="token-1")
REGISTERED = Registration(user_id=ANN, device_id=PHONE, target=TARGET, endpoint="endpoint-1", registered_at=1)
STALE = StaleRoster(conversation_id=LOBBY, version=1)
SHOWN = RefreshToken.first(SESSION)


@pytest.fixture(scope="module")
def crowded(endpoints: Endpoints) -> PostgresSettings:
    """A database of its own, with a thousand rows and more in every table."""
    settings = PostgresSettings(endpoint=endpoints.postgres, database=crowd.DATABASE, secret_arn="none", tls="off")
    upgrade(opener(settings, lambda: LOGIN), ROLE, settings)
    with closing(Postgres(settings, lambda: LOGIN)) as database:
        crowd.populate(database)
    return settings


@pytest.fixture
def planned(crowded: PostgresSettings) -> Iterator[PlannedPostgres]:
    database = PlannedPostgres(crowded, lambda: LOGIN)
    yield database
    database.close()


def _live_and_die(database: Postgres) -> None:
    """With all that hangs on it."""
    user, sessions = a_user(), PostgresSessions(database)
    PostgresUsers(database).add(user, "hash")
    principals = [replace(a_principal(), user_id=user.user_id) for _ in range(2)]
    for principal in principals:
        sessions.open(a_session(principal), RefreshToken.first(principal.session_id).digests())
    sessions.end([principals[0].session_id], at=NOON)
    while sessions.prune(ended_before=NOON + 1, limit=10, at=NOON + SESSION_IDLE_MS):
        pass


def _erased(database: Postgres) -> None:
    user, erasures = a_user(), PostgresErasures(database)
    PostgresUsers(database).add(user, "hash")
    erasures.request(user.user_id, at=1)
    assert erasures.requested(user.user_id)
    erasures.emptyings(user.user_id)
    erasures.note_emptied(user.user_id, HALL, to=1, done=True)
    erasures.forget(user.user_id)
    assert erasures.finish(user.user_id, at=2)


def begun(database: Postgres, begin: Callable[[UserId, UserId], NewConversation]) -> ConversationId:
    """Planned is what was run last."""
    ann, bob = a_user(), a_user()
    for user in (ann, bob):
        PostgresUsers(database).add(user, "hash")
    return PostgresConversations(database).create(begin(ann.user_id, bob.user_id))[0].conversation_id


QUERIES: Mapping[str, Callable[[Postgres], object]] = {
    "a session": lambda database: PostgresSessions(database).is_live(SESSION, at=1),
    "a session and its device": lambda database: PostgresSessions(database).find(SESSION),
    "sessions of a user": lambda database: PostgresSessions(database).of_user(ANN, after=None, limit=50, at=1),
    "sessions that live": lambda database: PostgresSessions(database).live_among([SESSION, SESSION], at=1),
    "sessions that are too many": lambda database: PostgresSessions(database).ids_of_user(
        ANN, but=SESSION, beyond=99, at=1
    ),
    "sessions that are to be forgotten": lambda database: PostgresSessions(database).prune(
        ended_before=1, limit=10, at=1
    ),
    "a refresh": lambda database: PostgresSessions(database).recognise(SHOWN, at=1),
    "another turn": lambda database: PostgresSessions(database).rotate(SHOWN, SHOWN.next(), at=1),
    "the life of a session": _live_and_die,
    "a user": lambda database: PostgresUsers(database).by_id(ANN),
    "a user name": lambda database: PostgresUsers(database).by_name("ann"),
    "a sign-in": lambda database: PostgresUsers(database).credentials("ann"),
    "an identity": lambda database: PostgresIdentities(database).find(Identity(issuer="https://a", subject="b")),
    "a profile": lambda database: PostgresProfiles(database).by_id(ANN, seen_by=BOB),
    "a profile by name": lambda database: PostgresProfiles(database).by_name("ann", seen_by=BOB),
    "contacts": lambda database: PostgresContacts(database).of(ANN, after=None, limit=50),
    "blocks": lambda database: PostgresBlocks(database).of(ANN, after=None, limit=50),
    "devices": lambda database: PostgresDevices(database).of(ANN, after=None, limit=50),
    "a device": lambda database: PostgresDevices(database).has(ANN, PHONE),
    "who belongs to a conversation": lambda database: PostgresConversations(database).roles(LOBBY),
    "whether one belongs to it": lambda database: PostgresConversations(database).seen_by(ANN, LOBBY),
    "the inbox": lambda database: PostgresConversations(database).of_user(ANN),
    "members": lambda database: PostgresConversations(database).members(LOBBY, after=None, limit=50),
    "some members": lambda database: PostgresConversations(database).members_among(LOBBY, [ANN, BOB]),
    "the outbox's sweep": lambda database: PostgresConversations(database).unpublished(before=1, limit=10),
    "the outbox of a conversation": lambda database: PostgresConversations(database).publish(HALL, print),
    "who belongs to several": lambda database: PostgresConversations(database).rosters([LOBBY, HALL]),
    "the beginnings of all": lambda database: PostgresConversations(database).begun_of(ANN),
    "the conversations of each": lambda database: PostgresConversations(database).of_each([ANN, BOB]),
    "a page of the inbox": lambda database: PostgresConversations(database).seen_among(ANN, [LOBBY, HALL]),
    "a new conversation": lambda database: begun(database, a_group),
    "a new direct conversation": lambda database: begun(database, a_direct),
    "whether one is there": lambda database: PostgresConversations(database).is_there(a_direct(ANN, BOB)),
    "a block": lambda database: PostgresBlocks(database).add(ANN, BOB, at=1),
    "the end of a block": lambda database: PostgresBlocks(database).remove(ANN, BOB, at=1),
    "blocks among several": lambda database: PostgresBlocks(database).across([(ANN, BOB), (BOB, ANN)]),
    "the conversation across a block": lambda database: PostgresConversations(database).stale_between(ANN, BOB),
    "the sweep of stale rosters": lambda database: PostgresConversations(database).stale(before=1, limit=10),
    "a roster replaced": lambda database: PostgresConversations(database).note_replaced(STALE),
    "who may see whom": lambda database: PostgresAcquaintances(database).among_each({ANN: [BOB], BOB: [ANN]}),
    "settings": lambda database: PostgresConversations(database).change_settings(ANN, LOBBY, lambda same: same),
    "a push registration": lambda database: PostgresDevices(database).register_push(
        ANN, PHONE, TARGET, endpoint=None, at=1
    ),
    "where several are woken": lambda database: PostgresPushRegistrations(database).of([ANN, BOB]),
    "a push registration that is dead": lambda database: PostgresPushRegistrations(database).forget([REGISTERED]),
    "a claimed token": lambda database: PostgresAbandonedEndpoints(database).claim(TARGET, at=1),
    "an endpoint made in vain": lambda database: PostgresAbandonedEndpoints(database).note(TARGET, "endpoint", at=1),
    "the sweep of abandoned endpoints": lambda database: PostgresAbandonedEndpoints(database).remove_one(
        lambda _: None, abandoned_before=2000
    ),
    "the end of a push registration": lambda database: PostgresDevices(database).drop_push(ANN, PHONE),
    "who may be woken": lambda database: PostgresReachables(database).of([(LOBBY, ANN), (LOBBY, BOB)]),
    "what people are called": lambda database: PostgresReachables(database).names([ANN, BOB]),
    "how one is notified": lambda database: PostgresNotificationSettings(database).of([ANN, BOB]),
    "how one wants to be notified": lambda database: PostgresNotificationSettings(database).change(
        BOB, lambda same: same
    ),
    "a contact": lambda database: PostgresContacts(database).add(ANN, BOB, at=1),
    "the end of a contact": lambda database: PostgresContacts(database).remove(ANN, BOB),
    "a changed profile": lambda database: PostgresUsers(database).change_profile(
        BOB, ProfileChange(display_name="Bob")
    ),
    "an export": lambda database: PostgresExports(database).ask(BOB, "export", at=1),
    "what an export reads": lambda database: PostgresExports(database).conversations(BOB),
    "an erasure": _erased,
    "unfinished erasures": lambda database: PostgresErasures(database).unfinished(limit=10),
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_reads_no_table_whole(planned: PlannedPostgres, query: Callable[[Postgres], object]) -> None:
    query(planned)
    assert planned.explained
    assert planned.read_whole == []


def test_a_table_that_is_read_whole_is_noticed(planned: PlannedPostgres) -> None:
    planned.query("SELECT user_id FROM users WHERE display_name = %s", ("Ann",))
    assert len(planned.read_whole) == 1
