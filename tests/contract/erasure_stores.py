"""The stores that an erasure concerns, in memory and in PostgreSQL."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.devices import PostgresDevices
from natter.adapters.postgres.erasures import PostgresErasures
from natter.adapters.postgres.identities import PostgresIdentities
from natter.adapters.postgres.notifications import PostgresNotificationSettings
from natter.adapters.postgres.relations import PostgresBlocks, PostgresContacts, PostgresProfiles
from natter.adapters.postgres.reports import PostgresReports
from natter.adapters.postgres.sessions import PostgresSessions
from natter.adapters.postgres.users import PostgresUsers
from natter.domain.accounts.refresh_tokens import RefreshToken
from natter.domain.accounts.users import Principal
from natter.domain.conversations.roster import Standing
from natter.domain.ids import ClientId, ConversationId, DeviceId, UserId, new_id
from natter.domain.messages.commands import Change, EraseMember, RemoveMember
from natter.ports.accounts import Blocks, Contacts, Devices, Identities, NotificationSettings, Profiles, Sessions, Users
from natter.ports.conversations import Conversations
from natter.ports.operations import Reports
from natter.ports.privacy import Erasures
from tests.identity import NOON, a_principal, a_session, a_user
from tests.memory.conversations import MemoryConversations
from tests.memory.devices import MemoryDevices
from tests.memory.erasures import MemoryErasures
from tests.memory.exports import MemoryExports
from tests.memory.identities import MemoryIdentities
from tests.memory.notifications import MemoryNotificationSettings
from tests.memory.relations import MemoryBlocks, MemoryContacts, MemoryProfiles
from tests.memory.reports import MemoryReports
from tests.memory.sessions import MemorySessions
from tests.memory.users import MemoryUsers


@dataclass
class Stores:
    erasures: Erasures
    users: Users
    identities: Identities
    sessions: Sessions
    devices: Devices
    profiles: Profiles
    contacts: Contacts
    blocks: Blocks
    reports: Reports
    notifications: NotificationSettings
    conversations: Conversations
    reasons: Callable[[ConversationId], list[str]]
    """Of the reports of a conversation."""

    def person(self) -> UserId:
        user = a_user()
        self.users.add(user, "hash")
        return user.user_id

    def signed_in(self, user: UserId) -> Principal:
        principal = Principal(user_id=user, device_id=DeviceId(new_id()), session_id=a_principal().session_id)
        self.sessions.open(a_session(principal), RefreshToken.first(principal.session_id).digests())
        return principal

    def change(self, conversation: ConversationId, by: UserId, change: Change | None, *, at: int = NOON) -> Standing:
        """Returns what it stood on."""
        stood: list[Standing] = []

        def decide(standing: Standing) -> Change | None:
            stood.append(standing)
            return change

        self.conversations.change(conversation, by, decide, at=at)
        return stood[-1]

    def erase(self, user: UserId, conversation: ConversationId) -> None:
        self.change(conversation, user, EraseMember(client_id=ClientId(new_id()), user_id=user))

    def leave(self, user: UserId, conversation: ConversationId) -> None:
        self.change(conversation, user, RemoveMember(client_id=ClientId(new_id()), user_id=user))


def in_memory() -> Stores:
    users, devices, reports = MemoryUsers(), MemoryDevices(), MemoryReports()
    identities, sessions, blocks = MemoryIdentities(users), MemorySessions(devices), MemoryBlocks(users)
    contacts = MemoryContacts(users, blocks)
    conversations = MemoryConversations(users, blocks, contacts)
    notifications = MemoryNotificationSettings(users)
    erasures = MemoryErasures(
        users=users,
        identities=identities,
        sessions=sessions,
        contacts=contacts,
        blocks=blocks,
        reports=reports,
        notifications=notifications,
        conversations=conversations,
        exports=MemoryExports(conversations),
    )
    return Stores(
        erasures=erasures,
        users=users,
        identities=identities,
        sessions=sessions,
        devices=devices,
        profiles=MemoryProfiles(users, blocks),
        contacts=contacts,
        blocks=blocks,
        reports=reports,
        notifications=notifications,
        conversations=conversations,
        reasons=lambda conversation: [report.reason for report in reports.of(conversation)],
    )


def in_postgres(database: Postgres) -> Stores:
    query = "SELECT reason FROM reports WHERE conversation_id = %s"
    return Stores(
        erasures=PostgresErasures(database),
        users=PostgresUsers(database),
        identities=PostgresIdentities(database),
        sessions=PostgresSessions(database),
        devices=PostgresDevices(database),
        profiles=PostgresProfiles(database),
        contacts=PostgresContacts(database),
        blocks=PostgresBlocks(database),
        reports=PostgresReports(database),
        notifications=PostgresNotificationSettings(database),
        conversations=PostgresConversations(database),
        reasons=lambda conversation: [row["reason"] for row in database.query(query, (conversation,))],
    )
