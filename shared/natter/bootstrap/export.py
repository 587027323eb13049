"""Puts `export` together."""

from natter.adapters.cassandra import CassandraSession
from natter.adapters.conversations_postgres import PostgresConversations
from natter.adapters.devices_postgres import PostgresDevices
from natter.adapters.exports_postgres import PostgresExports
from natter.adapters.relations_postgres import PostgresBlocks, PostgresContacts
from natter.adapters.sessions_postgres import PostgresSessions
from natter.adapters.timeline_cassandra import CassandraTimeline
from natter.adapters.users_postgres import PostgresUsers
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
