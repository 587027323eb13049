"""Puts `export` together."""

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.devices import PostgresDevices
from natter.adapters.postgres.exports import PostgresExports
from natter.adapters.postgres.relations import PostgresBlocks, PostgresContacts
from natter.adapters.postgres.sessions import PostgresSessions
from natter.adapters.postgres.users import PostgresUsers
from natter.bootstrap.attachments import archives
from natter.bootstrap.common import now_ms
from natter.bootstrap.identity import postgres
from natter.settings import ExportSettings
from natter.usecases.privacy.make_export import MakeExport


def export(settings: ExportSettings) -> MakeExport:
    database = postgres(settings.postgres)
    return MakeExport(
        exports=PostgresExports(database),
        archives=archives(settings.attachments),
        users=PostgresUsers(database),
        devices=PostgresDevices(database),
        sessions=PostgresSessions(database),
        contacts=PostgresContacts(database),
        blocks=PostgresBlocks(database),
        conversations=PostgresConversations(database),
        timeline=CassandraTimeline(CassandraSession(settings.keyspaces)),
        clock=now_ms,
    )
