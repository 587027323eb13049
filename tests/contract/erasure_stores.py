"""The stores that an erasure concerns, in memory and in PostgreSQL."""

from collections.abc import Callable
from dataclasses import dataclass

from natter.adapters.conversations_memory import MemoryConversations
from natter.adapters.conversations_postgres import PostgresConversations
from natter.adapters.devices_memory import MemoryDevices
from natter.adapters.devices_postgres import PostgresDevices
from natter.adapters.erasures_memory import MemoryErasures
from natter.adapters.erasures_postgres import PostgresErasures
from natter.adapters.exports_memory import MemoryExports
from natter.adapters.identities_memory import MemoryIdentities
from natter.adapters.identities_postgres import PostgresIdentities
from natter.adapters.postgres import Postgres
from natter.adapters.relations_memory import MemoryBlocks, MemoryContacts, MemoryProfiles
from natter.adapters.relations_postgres import PostgresBlocks, PostgresContacts, PostgresProfiles
from natter.adapters.reports_memory import MemoryReports
from natter.adapters.reports_postgres import PostgresReports
from natter.adapters.sessions_memory import MemorySessions
from natter.adapters.sessions_postgres import PostgresSessions
from natter.adapters.users_memory import MemoryUsers
from natter.adapters.users_postgres import PostgresUsers
from natter.domain.commands import EraseMember, RemoveMember
from natter.domain.ids import ClientId, ConversationId, DeviceId, UserId, new_id
from natter.domain.refresh_tokens import RefreshToken
from natter.domain.users import Principal
from natter.ports.conversations import Change, Conversations, Standing
from natter.ports.devices import Devices
from natter.ports.erasures import Erasures
from natter.ports.identity import Identities, Sessions, Users
from natter.ports.relations import Blocks, Contacts, Profiles
from natter.ports.reports import Reports
from tests.identity import NOON, a_principal, a_session, a_user


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
    contacts, conversations = MemoryContacts(users, blocks), MemoryConversations(users, blocks)
    erasures = MemoryErasures(
        users=users,
        identities=identities,
        sessions=sessions,
        contacts=contacts,
        blocks=blocks,
        reports=reports,
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
        conversations=PostgresConversations(database),
        reasons=lambda conversation: [row["reason"] for row in database.query(query, (conversation,))],
    )
