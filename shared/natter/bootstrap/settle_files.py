"""Puts `settle_files` together."""

from natter.adapters.cassandra.client import CassandraSession
from natter.adapters.cassandra.event_store import CassandraEventStore
from natter.adapters.cassandra.timeline import CassandraTimeline
from natter.bootstrap.attachments import attachments
from natter.bootstrap.common import now_ms
from natter.settings import SettleFilesSettings
from natter.usecases.attachments.find_message import FindMessage
from natter.usecases.attachments.settle_files import SettleFiles


def settle_files(settings: SettleFilesSettings) -> SettleFiles:
    session = CassandraSession(settings.keyspaces)
    timeline = CassandraTimeline(session)
    return SettleFiles(
        timeline=timeline,
        store=CassandraEventStore(session),
        find=FindMessage(timeline=timeline),
        attachments=attachments(settings.attachments),
        now_ms=now_ms,
    )
